import {QctlError} from './lib/errors.ts'
import {checkFields, type FieldsOf} from './lib/known-fields.ts'
import {integer, name} from './lib/queue/new-job.ts'

/** How to consume; all may be left out. */
export interface ConsumeOptions {
  /** Served strictly in this order; default `['default']`. */
  readonly queues?: readonly string[]
  /** How many jobs run at once; default 1. */
  readonly concurrency?: number
  /** Default host and pid. */
  readonly name?: string
  /** End when nothing can be claimed now and nothing is being processed; default false. */
  readonly drain?: boolean
  /** How long running jobs may go on after `signal`, ms; default 10 000. */
  readonly graceMs?: number
  /** Stops the consumer: no new jobs, then the grace. */
  readonly signal?: AbortSignal
}

/** The same, complete; a `name` of `null` is made up. */
export type CheckedConsumeOptions = Readonly<Omit<Required<ConsumeOptions>, 'name'> & {name: string | null}>

const FIELDS: FieldsOf<ConsumeOptions> = {queues: true, concurrency: true, name: true, drain: true, graceMs: true, signal: true}
const DEFAULT_GRACE_MS = 10_000
/** Timers of the platform go no further. */
const MAX_GRACE_MS = 2 ** 31 - 1

/**
 * Checks a caller's options and fills in what was left out.
 * @throws QctlError `bad_input` naming the option
 */
export function checkedConsumeOptions(options: ConsumeOptions): CheckedConsumeOptions {
  checkFields('the options of consume', options, FIELDS)
  const {drain = false, signal = new AbortController().signal} = options
  if (typeof drain !== 'boolean') throw new QctlError('bad_input', 'drain must be true or false')
  if (!(signal instanceof AbortSignal)) throw new QctlError('bad_input', 'signal must be an AbortSignal')
  return {
    queues: queuesOf(options.queues ?? ['default']),
    concurrency: integer('concurrency', options.concurrency ?? 1, 1, 1_000_000),
    name: options.name == null ? null : name('name', options.name),
    drain,
    graceMs: integer('graceMs', options.graceMs ?? DEFAULT_GRACE_MS, 0, MAX_GRACE_MS),
    signal,
  }
}

function queuesOf(queues: readonly string[]): readonly string[] {
  if (!Array.isArray(queues) || queues.length === 0) throw new QctlError('bad_input', 'queues must be a list of one name or more')
  return [...new Set(queues.map(queue => name('queue', queue)))]
}
