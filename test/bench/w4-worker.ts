/** One process of W4. */
import {payloads} from './jobs.ts'
import {openPart} from './w4-parts.ts'
import type {Produced, Task} from './w4.ts'
import {Bench, wallMs} from './worker.ts'

const bench = new Bench<Task>()
const {way, path, role} = bench.task
const part = await openPart(way, path)
if (role.kind === 'producer') {
  const all = payloads(role.jobs)
  await bench.start()
  const startedAt = wallMs()
  for (const payload of all) await part.add(payload)
  bench.report({startedAt, endedAt: wallMs()} satisfies Produced)
} else {
  await bench.start()
  bench.report(await part.consume({...role, stop: bench.stop}))
}
process.exit()
