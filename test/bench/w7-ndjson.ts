/** W7c: many lines through one process, all or none. */
import {createReadStream, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {submitInput} from '../../src/lib/producer/input.ts'
import {binary} from './binary.ts'
import {EngineBench, openStore, type Store} from './engine-bench.ts'
import {timeIdeal} from './ideal.ts'
import {assertLeft, payloadText} from './jobs.ts'
import {newPath, removeDatabase} from './scratch.ts'
import {roundsOr, scaled} from './size.ts'
import {spend} from './w7.ts'
import type {Figures, Workload} from './workload.ts'

/** What a line looks like. */
interface Lines {
  readonly title: string
  readonly line: (n: number) => string
}

const KINDS: readonly Lines[] = [
  {title: 'text payloads', line: n => JSON.stringify({payload: payloadText(n)})},
  {title: 'JSON payloads', line: n => `{"payload":${payloadText(n)}}`},
]
const NEVER = new AbortController().signal

/** Text as payload, and JSON as payload. */
export function ndjsonWorkloads(): readonly Workload[] {
  return KINDS.map(kind => workload(kind, scaled(100_000)))
}

function workload({title, line}: Lines, jobs: number): Workload {
  const file = newPath('ndjson')
  const left = {pending: jobs, done: 0}
  const bench = new EngineBench('W7c', {
    durability: 'full',
    jobs,
    seed: async () => null,
    work: store => submit(store, file),
    leaves: left,
  })
  const ms = ({rate = 0}: Figures): Figures => ({ms: (jobs / rate) * 1000})
  return {
    name: 'W7c',
    figures: [{name: 'ms', title: `qctl produce --ndjson, ${jobs.toLocaleString('en')} ${title}`, unit: 'ms', goals: [{to: null, atMost: 600}]}],
    rounds: roundsOr(5),
    warmUp: true,
    prepare: async () => {
      writeFileSync(file, Array.from({length: jobs}, (_, n) => `${line(n)}\n`).join(''))
      await bench.prepare()
    },
    ways: {
      qctl: () => wholeProcess(file, jobs),
      same: async () => ms(await bench.same()),
      ideal: () => ({ms: timeIdeal('full', () => {}, queue => queue.insert(parsed(file), jobs), {left: jobs, done: 0})}),
    },
    finish: async () => {
      await bench.finish()
      rmSync(file)
    },
  }
}

async function wholeProcess(file: string, jobs: number): Promise<Figures> {
  const path = newPath()
  await (await openStore(path)).storage.close()
  const {wallMs} = spend([binary(), 'produce', '--ndjson'], path, file)
  assertLeft(path, {pending: jobs, done: 0}, 'W7c')
  removeDatabase(path)
  return {ms: wallMs}
}

/** As the command does it, but in this process. */
async function submit({storage}: Store, file: string): Promise<readonly number[]> {
  const stdin: AsyncIterable<Uint8Array> = createReadStream(file)
  const around = {storage, defaults: {}, stdin, cwd: '/', signal: NEVER, onProgress: () => {}, onTrouble: () => {}}
  const ids: number[] = []
  for await (const {enqueued} of submitInput({kind: 'ndjson', batch: null}, around)) for (const {id} of enqueued) ids.push(id)
  return ids
}

/** The payloads of the lines, each line read as JSON. */
function parsed(file: string): readonly Uint8Array[] {
  const encoder = new TextEncoder()
  return readFileSync(file, 'utf8').trimEnd().split('\n').map(text => {
    const {payload} = JSON.parse(text) as {readonly payload: unknown}
    return encoder.encode(typeof payload === 'string' ? payload : JSON.stringify(payload))
  })
}
