import {parsePath} from '../config.ts'
import {QctlError} from '../errors.ts'
import type {ProduceInput} from '../producer/input.ts'
import type {JobDefaults} from '../producer/numbered-job.ts'
import type {ProduceFlags} from './produce-flags.ts'

const DEFAULT_EVERY_MS = 5000

/**
 * Says where the jobs of a command line come from.
 * @throws QctlError `usage` when nothing is to be stored, or two things at once
 */
export function inputOf(flags: ProduceFlags, payloads: readonly string[] = []): ProduceInput {
  const stream = flags.lines ? 'lines' : flags.ndjson ? 'ndjson' : null
  const special = stream ?? (flags.generate === undefined ? null : 'generate')
  if (special !== null && payloads.length > 0) {
    throw new QctlError('usage', `--${special} takes no payloads as arguments: ${JSON.stringify(payloads[0])}`)
  }
  if (flags.batch !== undefined && stream === null) throw new QctlError('usage', '--batch needs --lines or --ndjson')
  if (stream !== null) return {kind: stream, batch: flags.batch ?? null}
  if (flags.generate !== undefined) {
    return {kind: 'generate', directory: flags.generate, everyMs: flags.every ?? DEFAULT_EVERY_MS, count: flags.count ?? null}
  }
  if (flags.key !== undefined && payloads.length > 1) {
    throw new QctlError('usage', '--key names one job, but there are several payloads', {hint: 'give each its key with --ndjson'})
  }
  return flags.file ? filesOf(payloads) : textsOf(payloads)
}

function filesOf(paths: readonly string[]): ProduceInput {
  if (paths.length === 0) throw new QctlError('usage', '--file needs the path of a file')
  return {kind: 'files', paths: paths.map(parsePath)}
}

function textsOf(texts: readonly string[]): ProduceInput {
  if (texts.length === 0) {
    throw new QctlError('usage', 'no payload', {
      hint: "write it as an argument ('' is an empty one), - for all of stdin, --lines, --ndjson or --file PATH",
    })
  }
  if (texts.filter(text => text === '-').length > 1) throw new QctlError('usage', 'stdin (-) can be read only once')
  return {kind: 'payloads', texts}
}

/**
 * What the flags say about every job.
 * @param runAt what `--at` means, UTC ms
 */
export function defaultsOf(flags: ProduceFlags, runAt: number | null): JobDefaults {
  return {
    queue: flags.queue,
    type: flags.type,
    priority: flags.priority,
    delayMs: flags.delay,
    runAt: runAt ?? undefined,
    maxAttempts: flags['max-attempts'],
    timeoutMs: flags.timeout,
    key: flags.key,
    tags: flags.tag,
    assignedTo: flags.assign,
    assignedForMs: flags.for,
  }
}
