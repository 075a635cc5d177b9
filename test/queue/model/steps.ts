import fc from 'fast-check'
import type {NewJob, QueueSettings} from '../../../src/lib/job.ts'
import type {Outcome} from '../../../src/lib/outcome.ts'
import type {SettingsChange} from '../../../src/lib/storage/storage.ts'

/**
 * One thing that somebody does. Jobs, leases and consumers are named by numbers that are taken modulo what there is, so that
 * any list of steps can be played, and shrinks well.
 */
export type Step =
  | Call
  | {readonly do: 'together'; readonly calls: readonly Call[]}
  /** `meanwhile` happens between the reaper's look and its settling. */
  | {readonly do: 'reap'; readonly unkillable: readonly number[]; readonly meanwhile: Call | null}
  | {readonly do: 'hire'; readonly who: number; readonly replace: boolean; readonly queues: readonly string[]}
  /** `crash`: dies and is found dead at once. */
  | {readonly do: 'die' | 'quit' | 'crash' | 'leave'; readonly who: number}
  | {readonly do: 'set'; readonly queue: string; readonly settings: SettingsChange}
  | {readonly do: 'pause'; readonly queue: string; readonly paused: boolean}
  | {readonly do: 'drop'; readonly queue: string; readonly force: boolean}
  | {readonly do: 'maintain'}
  | {readonly do: 'pass' | 'bootPass' | 'setWall'; readonly ms: number}
  | {readonly do: 'reopen' | 'otherHandle' | 'reboot'}

/** The steps that may also be done in one moment, several at once. */
export type Call =
  | {readonly do: 'produce'; readonly jobs: readonly NewJob[]}
  /** `queues` null: those that it registered with. */
  | {readonly do: 'claim'; readonly who: number; readonly queues: readonly string[] | null; readonly limit: number; readonly leaseMs: number | null}
  | {readonly do: 'end'; readonly ends: readonly {readonly lease: LeasePick; readonly outcome: Outcome; readonly progress: number | null; readonly again: Again}[]}
  | {readonly do: 'extend'; readonly leases: readonly LeasePick[]; readonly leaseMs: number; readonly progress: number | null}
  | {readonly do: 'act'; readonly action: ModelAction; readonly jobs: readonly JobPick[]}

/** A lease: usually one that holds; `late`: one of a job that another has by now, else any that was ever granted. */
export interface LeasePick {
  readonly index: number
  readonly late: boolean
}

/** Whether an end says that it was sent before. `same`: it is the very end that was sent last of some claim. */
export type Again = 'no' | 'same' | 'other'

/** A job, and how it was seen: not at all, as it is, or as it was once. */
export interface JobPick {
  readonly index: number
  readonly seen: 'no' | 'now' | 'once'
}

export type ModelAction =
  | {readonly kind: 'cancel' | 'fail' | 'resubmit' | 'delete'}
  | {readonly kind: 'assign'; readonly consumer: string; readonly forMs: number | null}

export const QUEUES = ['a', 'b', 'c'] as const
export const NAMES = ['ann', 'bob', 'cid'] as const

const ENCODER = new TextEncoder()
const index = fc.nat(30)
const who = fc.constantFrom(0, 0, 1, 1, 2)
/** Most of it happens in one queue, so that things meet. */
const queue = fc.constantFrom('a', 'a', 'a', ...QUEUES)
const queues = fc.shuffledSubarray([...QUEUES], {minLength: 1})

/*
 * Times: everything that ends (leases, assignments, windows, retention) lasts an odd number of ms and every step of a clock
 * is even, so that nothing ever ends exactly now: that moment the contract leaves open.
 */
const time = fc.constantFrom(2, 10, 500, 1100, 6000, 40_000)
const odd = fc.constantFrom(501, 1001, 5001)

const newJob: fc.Arbitrary<NewJob> = fc.record({
  queue,
  payload: fc.constantFrom('x', '', 'payload', 'more than twenty bytes').map(text => ENCODER.encode(text)),
  contentType: fc.constant(null),
  file: fc.constant(false),
  priority: fc.constantFrom(0, 0, 1, -1),
  when: fc.oneof(
    {weight: 6, arbitrary: fc.constant({kind: 'now'} as const)},
    {weight: 1, arbitrary: fc.constantFrom(500, 1000).map(delayMs => ({kind: 'after', delayMs}) as const)},
    {weight: 1, arbitrary: fc.constantFrom(1_800_000_001_000, 1_700_000_000_000).map(runAt => ({kind: 'at', runAt}) as const)},
  ),
  maxAttempts: fc.constantFrom(null, null, 1, 3),
  timeoutMs: fc.constant(null),
  key: fc.constantFrom(null, null, 'k', 'l'),
  tags: fc.constant([]),
  assignedTo: fc.constantFrom(null, null, null, ...NAMES),
  assignedForMs: fc.option(odd),
}).map(job => (job.assignedTo === null ? {...job, assignedForMs: null} : job))

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constantFrom(null, ENCODER.encode('result')).map((result): Outcome => ({kind: 'done', result})),
  fc.constantFrom(null, null, 700).map((retryAfterMs): Outcome => ({kind: 'failed', error: 'exit 1', retryAfterMs})),
  fc.constant<Outcome>({kind: 'failed', error: 'HTTP 503', retryAfterMs: null, notBeforeMs: 800}),
  fc.constant<Outcome>({kind: 'timed_out', error: 'too long'}),
  fc.constantFrom<Outcome>({kind: 'crashed', error: 'SIGSEGV', cause: 'signal'}, {kind: 'crashed', error: 'exit 3', cause: 'worker_died'}),
  fc.constantFrom(null, 900).map((delayMs): Outcome => ({kind: 'snoozed', delayMs})),
  fc.constantFrom('permanent', 'corrupt').map((reason): Outcome => ({kind: 'rejected', reason, error: 'bad data'})),
  fc.constantFrom(null, 'exit 78').map((pause): Outcome => ({kind: 'unrunnable', error: 'exit 78', streak: 1, pause})),
  fc.constantFrom('cancel', 'fail').map((requested): Outcome => ({kind: 'cancelled', requested})),
  fc.constant<Outcome>({kind: 'released'}),
)

const progress = fc.constantFrom(null, null, 0, 0.4, 1)
const again = fc.constantFrom<Again[]>('no', 'no', 'no', 'same', 'same', 'other')
const lease: fc.Arbitrary<LeasePick> = fc.record({index, late: fc.constantFrom(false, false, false, true)})
const jobPick: fc.Arbitrary<JobPick> = fc.record({index, seen: fc.constantFrom('no', 'now', 'once')})
const action: fc.Arbitrary<ModelAction> = fc.oneof(
  {weight: 4, arbitrary: fc.record({kind: fc.constantFrom('cancel', 'fail', 'resubmit', 'delete')})},
  {weight: 1, arbitrary: fc.record({kind: fc.constant('assign'), consumer: fc.constantFrom(...NAMES), forMs: fc.option(odd)})},
)
const some = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(one, {minLength: 1, maxLength: 3, size: 'max'})

const call: fc.Arbitrary<Call> = fc.oneof(
  {weight: 5, arbitrary: fc.record({do: fc.constant('produce'), jobs: some(newJob)})},
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('claim'),
      who,
      queues: fc.oneof(fc.constant(null), queues),
      limit: fc.constantFrom(1, 1, 2, 5, 0),
      leaseMs: fc.constantFrom(null, null, 1001),
    }),
  },
  {weight: 6, arbitrary: fc.record({do: fc.constant('end'), ends: some(fc.record({lease, outcome, progress, again}))})},
  {weight: 1, arbitrary: fc.record({do: fc.constant('extend'), leases: some(lease), leaseMs: odd, progress})},
  {weight: 4, arbitrary: fc.record({do: fc.constant('act'), action, jobs: some(jobPick)})},
)

/** A few settings at once. */
const settings: fc.Arbitrary<SettingsChange> = fc.record(
  {
    maxAttempts: fc.constantFrom(null, 1, 2),
    concurrency: fc.constantFrom(null, 1, 2),
    crashLimit: fc.constantFrom(null, 1, 2),
    deadLetter: fc.constantFrom<QueueSettings['deadLetter'][]>(null, ...QUEUES),
    keyWindowMs: fc.constantFrom(null, 1001),
    leaseMs: fc.constantFrom(null, 5001),
    maxPayloadBytes: fc.constantFrom(null, 20),
    backoff: fc.constantFrom(null, {baseMs: 10, capMs: 1000, factor: 3}),
    retention: fc.constantFrom(null, {doneMs: 1001, failedMs: null, cancelledMs: 501}),
  },
  {requiredKeys: []},
)

/**
 * Calls whose order in one moment can be found out by trying all: of several acts only the first, because the queue ends
 * a job whose cancel was asked for in two calls of the store; of several ends the first, because two batches may take turns, and none
 * sent again, because two batches may be looked at as one.
 */
function inOneMoment(calls: readonly Call[]): Step {
  const act = calls.find(one => one.do === 'act')
  const kept = calls.filter(one => one.do !== 'act' || one === act)
  return {do: 'together', calls: kept.map(one => (one.do === 'end' ? {...one, ends: one.ends.slice(0, 1).map(end => ({...end, again: 'no'}))} : one))}
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {weight: 30, arbitrary: call},
  {weight: 5, arbitrary: fc.array(call, {minLength: 2, maxLength: 3, size: 'max'}).map(inOneMoment)},
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('reap'),
      unkillable: fc.oneof(fc.constant([]), fc.array(index, {maxLength: 2})),
      meanwhile: fc.option(call, {freq: 1}),
    }),
  },
  {weight: 2, arbitrary: fc.record({do: fc.constant('hire'), who, replace: fc.boolean(), queues})},
  {weight: 5, arbitrary: fc.record({do: fc.constantFrom('die', 'quit', 'crash', 'crash', 'leave'), who})},
  {weight: 4, arbitrary: fc.record({do: fc.constant('set'), queue, settings})},
  {weight: 2, arbitrary: fc.record({do: fc.constant('pause'), queue, paused: fc.boolean()})},
  {weight: 1, arbitrary: fc.record({do: fc.constant('drop'), queue, force: fc.boolean()})},
  {weight: 1, arbitrary: fc.constant<Step>({do: 'maintain'})},
  {weight: 5, arbitrary: fc.record({do: fc.constantFrom('pass', 'pass', 'bootPass'), ms: time})},
  {weight: 2, arbitrary: fc.record({do: fc.constant('setWall'), ms: fc.constantFrom(-3_600_000, -600, -2, 600, 3_600_000)})},
  {weight: 1, arbitrary: fc.record({do: fc.constantFrom('reopen', 'otherHandle', 'reboot')})},
)

/** A whole run: where the jobs are kept, what the jitter draws, and what is done. */
export interface Script {
  readonly store: 'memory' | 'file'
  readonly draw: number
  readonly steps: readonly Step[]
}

/**
 * @param maxSteps of one run
 */
export function anyScript(maxSteps: number): fc.Arbitrary<Script> {
  return fc.record({
    store: fc.oneof({weight: 9, arbitrary: fc.constant('memory')}, {weight: 1, arbitrary: fc.constant('file')}),
    draw: fc.constantFrom(0, 0.5, 0.999),
    steps: fc.array(step, {minLength: 1, maxLength: maxSteps, size: 'max'}),
  })
}
