import {wreakHavoc} from '../demo/chaos.ts'
import type {Crew} from '../demo/crew.ts'
import {type EndedJob, type Proof, prove} from '../demo/proof.ts'
import {ledgerOf, madeFiles, setStage, type Stage, strike} from '../demo/stage.ts'
import {SupervisedCrew} from '../demo/supervised.ts'
import {UnsupervisedCrew} from '../demo/unsupervised.ts'
import {EVERY_JOB} from '../queue/filter.ts'
import {pages} from '../queue/look-up.ts'
import type {StateCounts} from '../job.ts'
import type {Storage} from '../storage/storage.ts'
import type {Plan} from '../supervisor/plan.ts'
import {after, formatDurationShort, monotonicMs, sleep} from '../time.ts'
import {counted} from './counted.ts'
import type {FlagTable} from './flags.ts'
import type {Interruption} from './interruption.ts'
import type {Printer} from './print.ts'
import {openSession} from './session.ts'
import {parseSpan} from './values.ts'

/** For `demo`. */
export const DEMO_FLAGS = {
  for: {kind: 'value', shape: 'DURATION', parse: parseSpan, summary: 'how long files are made [default: 30s, or until q in top]; Ctrl-C ends it earlier'},
  chaos: {kind: 'switch', summary: 'kill consumers at random meanwhile (SIGKILL)'},
  'no-top': {kind: 'switch', summary: 'tell in lines how it goes; on a terminal top shows it, until q'},
  'no-supervisord': {kind: 'switch', summary: 'do not use supervisord, though it is there'},
} as const satisfies FlagTable

const QUEUE = 'files'
const DEFAULT_MS = 30_000
const TELL_EVERY_MS = 2000
const LOOK_EVERY_MS = 100
const DRAIN_MS = 60_000

/** What the demonstration needs. */
export interface DemoContext {
  readonly forMs: number | undefined
  readonly chaos: boolean
  readonly hasSupervisord: boolean
  readonly self: readonly string[]
  readonly print: Printer
  readonly interruption: Interruption
  /** Shows what goes on, until somebody has seen enough or the signal; `null` = it is told in lines. */
  readonly watch: ((stage: Stage, signal: AbortSignal) => Promise<void>) | null
}

/**
 * Runs the demonstration on a stage of its own, and removes it.
 * @returns the exit status: 1 when a promise was broken
 */
export async function demonstrate(context: DemoContext): Promise<number> {
  const stage = setStage()
  try {
    const plan = planOf(stage, context)
    // What a killed consumer leaves in the directory for temporary files would be found by the next one of this user only.
    const environment = {...process.env, TMPDIR: stage.directory}
    const crew = context.hasSupervisord ? new SupervisedCrew(plan, environment) : new UnsupervisedCrew(plan, environment)
    return await new Demonstration(stage, crew, context).run()
  } finally {
    strike(stage)
  }
}

function planOf(stage: Stage, {self, chaos, watch}: DemoContext): Plan {
  return {
    qctl: self,
    directory: stage.supervisor,
    workingDirectory: stage.directory,
    database: stage.database,
    consume: [`--queue=${QUEUE}`, '--lease=5s', '--grace=3s', '--', stage.handler],
    consumers: 3,
    // Who watches may have more.
    maxConsumers: watch === null ? 3 : 8,
    generate: [`--queue=${QUEUE}`, '--generate', stage.files, '--every', chaos ? '200ms' : '1s'],
    user: null,
    graceMs: 3000,
  }
}

class Demonstration {
  readonly #stage: Stage
  readonly #crew: Crew
  readonly #context: DemoContext
  #kills = 0

  constructor(stage: Stage, crew: Crew, context: DemoContext) {
    this.#stage = stage
    this.#crew = crew
    this.#context = context
  }

  async run(): Promise<number> {
    const {print, interruption} = this.#context
    const {storage, close} = await openSession({db: this.#stage.database, lockTimeout: DRAIN_MS}, {create: true})
    try {
      await storage.setQueue(QUEUE, {create: 'may', settings: {backoff: {baseMs: 500, capMs: 2000, factor: 2}}})
      print.note(`three consumers, a producer and a reaper on ${this.#stage.directory}, run by ${this.#crew.runBy}`)
      await this.#perform(storage)
      const proof = prove({ledger: ledgerOf(this.#stage), files: madeFiles(this.#stage), jobs: await endedJobs(storage)})
      return this.#conclude(proof, await countsOf(storage), interruption.now.aborted)
    } finally {
      await close()
    }
  }

  /** Whatever happens, nobody of the crew stays. */
  async #perform(storage: Storage): Promise<void> {
    const {interruption} = this.#context
    const {stop, now} = interruption
    const never = new AbortController().signal
    try {
      await this.#crew.start(now)
      await this.#watch(storage, stop)
      await this.#crew.endProducer(now)
      await this.#drain(storage, now)
    } finally {
      await this.#crew.end(never)
    }
  }

  async #watch(storage: Storage, stop: AbortSignal): Promise<void> {
    const {chaos, watch, forMs} = this.#context
    const over = new AbortController()
    const end = AbortSignal.any([stop, over.signal])
    const havoc = chaos ? wreakHavoc(this.#crew, ({name, pid}) => this.#killed(name, pid), end) : null
    try {
      if (watch === null) await this.#tell(storage, forMs ?? DEFAULT_MS, end)
      else await this.#show(watch, forMs, over, end)
    } finally {
      over.abort()
      await havoc
    }
  }

  async #tell(storage: Storage, forMs: number, end: AbortSignal): Promise<void> {
    const {print} = this.#context
    const begin = monotonicMs()
    for (let left = forMs; left > 0 && !end.aborted; left = forMs - (monotonicMs() - begin)) {
      await sleep(Math.min(TELL_EVERY_MS, left), end)
      print.note(`${formatDurationShort(Math.round((monotonicMs() - begin) / 1000) * 1000).padStart(4)}  ${sentenceOf(await countsOf(storage))}`)
    }
  }

  async #show(watch: NonNullable<DemoContext['watch']>, forMs: number | undefined, over: AbortController, end: AbortSignal): Promise<void> {
    const cancel = forMs === undefined ? () => {} : after(forMs, () => over.abort())
    try {
      await watch(this.#stage, end)
    } catch (error) {
      if (!end.aborted) throw error
    } finally {
      cancel()
    }
  }

  #killed(name: string, pid: number): void {
    this.#kills += 1
    // Nothing is written over the screen of top, which shows it by itself.
    if (this.#context.watch === null) this.#context.print.note(`      kill -9 ${pid} (${name})`)
  }

  async #drain(storage: Storage, now: AbortSignal): Promise<void> {
    const begin = monotonicMs()
    for (;;) {
      const {pending, processing} = await countsOf(storage)
      if (pending + processing === 0 || now.aborted || monotonicMs() - begin > DRAIN_MS) return
      await sleep(LOOK_EVERY_MS, now)
    }
  }

  #conclude({lost, overlaps, runs, failures}: Proof, counts: StateCounts, hurried: boolean): number {
    const {print} = this.#context
    const files = Object.values(counts).reduce((sum, count) => sum + count, 0)
    // Who did not wait for the end knows that not all of it was done.
    const missing = hurried ? lost.filter(fault => !fault.endsWith('still')) : lost
    const document = {run_by: this.#crew.runBy, files, ...counts, runs, failures, kills: this.#kills, lost: missing, overlaps}
    print.result(document, () => {
      const sum = `${counted(files, 'file')}, ${counts.done} stamped, ${counts.failed} given up; ${counted(runs, 'run')}, ${failures} failed; ${counted(this.#kills, 'consumer')} killed`
      const faults = [...missing, ...overlaps].map(fault => `WRONG: ${fault}`)
      return [sum, ...(faults.length > 0 ? faults : ['lost: 0, run by two at once: 0, as the files and the handlers themselves tell'])]
    })
    return missing.length + overlaps.length === 0 ? 0 : 1
  }
}

function sentenceOf({pending, processing, done, failed}: StateCounts): string {
  return `${done} done, ${processing} in work, ${pending} waiting, ${failed} given up`
}

async function countsOf(storage: Storage): Promise<StateCounts> {
  const [queue] = await storage.queues([QUEUE])
  if (queue === undefined) throw new Error(`queue ${QUEUE} is gone`)
  return queue.counts
}

async function endedJobs(storage: Storage): Promise<readonly EndedJob[]> {
  const ended: EndedJob[] = []
  for await (const jobs of pages(storage, EVERY_JOB)) {
    for (const {id, state, fence, payload} of await storage.get(jobs.map(job => job.id))) ended.push({id, state, fence, file: new TextDecoder().decode(payload)})
  }
  return ended
}
