/**
 * The engine beside its yardsticks, and qctl beside its peers: `npm run bench [-- peers W1 W1b W3 …] [--write-docs]`; none = all.
 * Measures, and fails only when qctl failed, lost or doubled jobs. `BENCH_DIR` chooses the disk, `ROUNDS` and `SCALE` a quick look.
 */
import {parseArgs} from 'node:util'
import {assertPublishable, publishEngine, publishPeers} from './docs.ts'
import {measureEngine} from './engine-run.ts'
import {measurePeers} from './peers-run.ts'
import {chapter} from './ranking.ts'
import {circumstances, place} from './report.ts'

const PEERS = 'PEERS'
const {positionals, values} = parseArgs({allowPositionals: true, options: {'write-docs': {type: 'boolean', default: false}}})
const wanted = positionals.map(word => word.toUpperCase())
const workloads = wanted.filter(word => word !== PEERS)
if (values['write-docs'] && workloads.some(word => word !== 'W')) throw new TypeError('what is published is measured whole: peers, w, or nothing named')
if (values['write-docs']) assertPublishable()

// So that what clears up at the exit does so then, too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
if (wanted.length === 0 || workloads.length > 0) await engine()
if (wanted.length === 0 || wanted.includes(PEERS)) await peers()

async function engine(): Promise<void> {
  const begun = performance.now()
  const tables = await measureEngine(workloads)
  const around = circumstances(begun)
  process.stdout.write(`${tables}\n${around}\n`)
  if (values['write-docs']) publishEngine(tables, around)
}

async function peers(): Promise<void> {
  const begun = performance.now()
  const {outcomes, versions} = await measurePeers(outcome => process.stdout.write(`${chapter(outcome)}\n`))
  const around = `${circumstances(begun)}${versions.join(', ')}\n`
  process.stdout.write(around)
  if (values['write-docs']) publishPeers(outcomes, around, place())
}
