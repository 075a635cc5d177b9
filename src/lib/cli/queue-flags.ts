import {QctlError} from '../errors.ts'
import {HARD_MAX_PAYLOAD_BYTES, type QueueSettings, type Retention} from '../job.ts'
import {parseBackoff} from '../queue/backoff.ts'
import type {SettingsChange} from '../storage/storage.ts'
import {parseDuration} from '../time.ts'
import {parseInteger, parseSize} from '../units.ts'
import {type ArgTable, asText, type FlagTable, type FlagValues} from './flags.ts'
import {parseAttempts, parseName, parseSpan, parseState} from './values.ts'

/** The name of a queue. */
export const QUEUE_ARGS = {name: {summary: 'the queue', parse: parseName, required: true}} as const satisfies ArgTable

const SET = {helpGroup: 'SETTING'} as const
const NO_KEPT_RETENTION = 'write it like done=7d,failed=30d,cancelled=never'

/** `default` takes a setting back to what it was at first. */
function orDefault<Value>(parse: (text: string) => Value): (text: string) => Value | null {
  return text => (text === 'default' ? null : parse(text))
}

/** `none` and `default` are the same for settings that do not exist at first. */
function orNone<Value>(parse: (text: string) => Value): (text: string) => Value | null {
  return text => (text === 'none' || text === 'default' ? null : parse(text))
}

function parseLease(text: string): number {
  const ms = parseDuration(text)
  if (ms < 1000) throw new QctlError('usage', `${text} is shorter than 1s, which no consumer could prolong in time`)
  return ms
}

function parsePayloadLimit(text: string): number {
  const bytes = parseSize(text)
  if (bytes < 1 || bytes > HARD_MAX_PAYLOAD_BYTES) throw new QctlError('usage', `${text} is not between 1 and 256M`)
  return bytes
}

type RetentionChange = Partial<Retention>
const RETENTION_FIELDS = {done: 'doneMs', failed: 'failedMs', cancelled: 'cancelledMs'} as const

function parseRetention(text: string): RetentionChange {
  const change: {-readonly [Name in keyof Retention]?: Retention[Name]} = {}
  for (const part of text.split(',')) {
    const [, state, span] = /^(done|failed|cancelled)=(.+)$/.exec(part) ?? []
    if (state === undefined || span === undefined) {
      throw new QctlError('usage', `not a retention: ${JSON.stringify(part)}`, {hint: NO_KEPT_RETENTION})
    }
    const field = RETENTION_FIELDS[state as keyof typeof RETENTION_FIELDS]
    if (field in change) throw new QctlError('usage', `${state} is named twice`)
    change[field] = span === 'never' ? null : parseDuration(span)
  }
  return change
}

/** The settings of a queue. */
export const SETTING_FLAGS = {
  'max-attempts': {kind: 'value', shape: 'N', parse: orDefault(parseAttempts), summary: 'how often a job is tried', ...SET},
  backoff: {kind: 'value', shape: 'SPEC', parse: orDefault(parseBackoff), summary: 'the wait between attempts: exp:1s..1h*4, fixed:10s', ...SET},
  'crash-limit': {
    kind: 'value',
    shape: 'N',
    parse: orDefault(text => parseInteger(text, 1, 1_000_000)),
    summary: 'crashes after which a job is failed as poison',
    ...SET,
  },
  lease: {kind: 'value', shape: 'DURATION', parse: orDefault(parseLease), summary: 'how long a consumer holds a job without a sign of life', ...SET},
  timeout: {kind: 'value', shape: 'DURATION|none', parse: orNone(parseSpan), summary: 'the limit of one attempt', ...SET},
  concurrency: {
    kind: 'value',
    shape: 'N|none',
    parse: orNone(text => parseInteger(text, 1, 1_000_000)),
    summary: 'how many jobs may be processed at once, by all consumers together',
    ...SET,
  },
  retention: {
    kind: 'value',
    shape: 'STATE=DURATION,…',
    parse: orDefault(parseRetention),
    summary: 'how long finished jobs are kept: done=7d,failed=30d,cancelled=never',
    ...SET,
  },
  'key-window': {kind: 'value', shape: 'DURATION', parse: orDefault(parseDuration), summary: 'how long a key is held after its job finished', ...SET},
  'max-payload': {kind: 'value', shape: 'SIZE', parse: orDefault(parsePayloadLimit), summary: 'the largest payload, at most 256M', ...SET},
  'dead-letter': {kind: 'value', shape: 'NAME|none', parse: orNone(parseName), summary: 'where a copy of each failed job goes', ...SET},
} as const satisfies FlagTable
export type SettingFlags = FlagValues<typeof SETTING_FLAGS>

/** The settings that the flags name. */
export function givenSettings(flags: SettingFlags): readonly string[] {
  return Object.keys(SETTING_FLAGS).filter(name => flags[name as keyof SettingFlags] !== undefined)
}

/**
 * What the flags change.
 * @param flags as parsed; `null` = back to the default
 * @param current the settings now, of which a retention that names some states keeps the others
 */
export function settingsChange(flags: SettingFlags, current: QueueSettings): SettingsChange {
  const {retention} = flags
  const change: {readonly [Name in keyof SettingsChange]: SettingsChange[Name] | undefined} = {
    maxAttempts: flags['max-attempts'],
    backoff: flags.backoff,
    crashLimit: flags['crash-limit'],
    leaseMs: flags.lease,
    timeoutMs: flags.timeout,
    concurrency: flags.concurrency,
    retention: retention === undefined || retention === null ? retention : {...current.retention, ...retention},
    keyWindowMs: flags['key-window'],
    maxPayloadBytes: flags['max-payload'],
    deadLetter: flags['dead-letter'],
  }
  const given = Object.entries(change).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given)
}

/** For `queues pause`. */
export const PAUSE_FLAGS = {
  reason: {kind: 'value', shape: 'TEXT', parse: asText, summary: 'why, for whoever looks'},
} as const satisfies FlagTable

/** For `queues purge`. */
export const PURGE_FLAGS = {
  state: {kind: 'list', commas: true, char: 's', shape: 'A,B', parse: parseState, summary: 'jobs in these states [default: pending]'},
} as const satisfies FlagTable

/** For `queues delete`. */
export const FORCE_FLAGS = {
  force: {kind: 'switch', summary: 'delete its jobs, too'},
} as const satisfies FlagTable
