import {parsePath} from '../config.ts'
import {parseDuration} from '../time.ts'
import {type ArgTable, asText, CREATE_FLAGS, DRY_RUN_FLAGS, type FlagTable, type FlagValues} from './flags.ts'
import {parseAttempts, parseContentType, parseKey, parseName, parsePriority, parseSome, parseSpan, parseSpanOrNever} from './values.ts'

const JOB = {helpGroup: 'JOB'} as const
const INPUT = {helpGroup: 'INPUT'} as const

/** The flags of `produce`, for oclif and for the short way around it. */
export const PRODUCE_FLAGS = {
  queue: {kind: 'value', char: 'Q', shape: 'NAME', parse: parseName, summary: 'the queue [default: default]', ...JOB},
  priority: {kind: 'value', shape: 'N', parse: parsePriority, summary: '-1000 to 1000, higher first [default: 0]', ...JOB},
  delay: {kind: 'value', shape: 'DURATION', parse: parseDuration, summary: 'do not run before this is over', exclusive: ['at'], ...JOB},
  at: {kind: 'value', shape: 'TIME', parse: asText, summary: 'do not run before this time', ...JOB},
  key: {
    kind: 'value',
    shape: 'TEXT',
    parse: parseKey,
    summary: 'store nothing when a job of the queue holds this key; print the id of that one',
    ...JOB,
  },
  'max-attempts': {kind: 'value', shape: 'N', parse: parseAttempts, summary: "how often to try; else the queue's", ...JOB},
  timeout: {kind: 'value', shape: 'DURATION', parse: parseSpan, summary: "the limit of one attempt; else the queue's", ...JOB},
  tag: {kind: 'list', commas: true, shape: 'A,B', parse: parseName, summary: 'labels', ...JOB},
  type: {kind: 'value', shape: 'TYPE', parse: parseContentType, summary: 'the content type, for the handler', ...JOB},
  assign: {kind: 'value', shape: 'CONSUMER', parse: parseName, summary: 'only this consumer may take the job', ...JOB},
  for: {
    kind: 'value',
    shape: 'DURATION|never',
    parse: parseSpanOrNever,
    summary: 'how long --assign lasts [default: 10m]',
    dependsOn: ['assign'],
    ...JOB,
  },
  lines: {
    kind: 'switch',
    summary: 'one job per line of stdin; empty lines are skipped',
    exclusive: ['ndjson', 'file', 'generate', 'key'],
    ...INPUT,
  },
  ndjson: {
    kind: 'switch',
    summary: 'one JSON job per line of stdin; the flags are defaults',
    exclusive: ['file', 'generate'],
    ...INPUT,
  },
  file: {kind: 'switch', summary: 'the arguments are files; a job per file, by its path', exclusive: ['generate'], ...INPUT},
  batch: {
    kind: 'value',
    shape: 'N',
    parse: parseSome,
    summary: 'with --lines or --ndjson: commit every N jobs while reading; else all or none',
    ...INPUT,
  },
  generate: {
    kind: 'value',
    shape: 'DIR',
    parse: parsePath,
    summary: 'write random files there and submit each, until stopped',
    exclusive: ['key', 'dry-run'],
    ...INPUT,
  },
  every: {
    kind: 'value',
    shape: 'DURATION',
    parse: parseSpan,
    summary: 'with --generate: how often [default: 5s]',
    dependsOn: ['generate'],
    ...INPUT,
  },
  count: {kind: 'value', shape: 'N', parse: parseSome, summary: 'with --generate: how many', dependsOn: ['generate'], ...INPUT},
  ...CREATE_FLAGS,
  ...DRY_RUN_FLAGS,
} as const satisfies FlagTable

/** The arguments of `produce`. */
export const PRODUCE_ARGS = {
  payload: {summary: 'what the handler gets on stdin, one job each; - is all of stdin', parse: asText, several: true},
} as const satisfies ArgTable

export type ProduceFlags = FlagValues<typeof PRODUCE_FLAGS>
