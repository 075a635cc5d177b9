/**
 * `npm run simulate`: seeded histories of a whole simulated host, with the real engine, queue and consumer in it.
 *
 *   --seeds N    how many (100 000)          --from N   the first one (1)
 *   --jobs N     in so many processes (as many as there are processors)
 *   --seed N     plays one and prints its history
 *   --mutants    breaks the code in every way of `control/mutants.ts` and says how many seeds each lasts
 */
import {parseArgs} from 'node:util'
import {tryMutants} from './control/try.ts'
import {defaultProcesses, playHere, playInParts, type Seeds} from './play.ts'
import {Report} from './report.ts'
import {Simulation} from './simulation.ts'

const {values} = parseArgs({
  options: {
    seeds: {type: 'string', default: '100000'},
    from: {type: 'string', default: '1'},
    jobs: {type: 'string', default: String(defaultProcesses())},
    seed: {type: 'string'},
    mutants: {type: 'boolean', default: false},
    part: {type: 'boolean', default: false},
  },
})
const seeds: Seeds = {from: Number(values.from), count: Number(values.seeds)}

if (values.seed !== undefined) await tell(Number(values.seed))
else if (values.mutants) await tryMutants(text => process.stdout.write(`${text}\n`))
else if (values.part) await playHere(seeds, played => process.stdout.write(`${JSON.stringify(played)}\n`))
else await playAll(Number(values.jobs))

async function tell(seed: number): Promise<void> {
  const simulation = new Simulation(line => process.stdout.write(`${line()}\n`))
  try {
    await simulation.play(seed)
    await simulation.close()
    process.stdout.write(`seed ${seed}: nothing was wrong\n`)
  } catch (error) {
    process.stdout.write(`seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    process.exitCode = 1
  }
}

async function playAll(processes: number): Promise<void> {
  const report = new Report()
  const begun = performance.now()
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  await playInParts(seeds, {processes, program: [import.meta.filename, '--part'], stop: stop.signal}, played => {
    report.add(played)
    const failed = report.failures.length
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${report.seeds} of ${seeds.count} seeds, ${failed} failed`)
  })
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  process.stdout.write(`${report.text(seeds, performance.now() - begun)}\n`)
  if (report.failures.length > 0 || stop.signal.aborted) process.exitCode = 1
}
