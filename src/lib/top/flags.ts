import type {FlagTable} from '../cli/flags.ts'
import {parseName} from '../cli/values.ts'
import {QctlError} from '../errors.ts'
import {formatDuration, parseDuration} from '../time.ts'

const LEAST_MS = 500
const MOST_MS = 30_000

/** The numbered screens. Their own files load ink. */
export const SCREEN_NAMES = ['overview', 'jobs', 'queues', 'consumers', 'health', 'events'] as const

/** For `top`. Nothing here loads ink or react: help reads it, too. */
export const TOP_FLAGS = {
  queue: {kind: 'list', commas: true, char: 'Q', shape: 'A,B', parse: parseName, summary: 'only these queues'},
  interval: {kind: 'value', shape: 'DURATION', parse: parseInterval, summary: 'how often to look [default: 1s]'},
  screen: {kind: 'value', shape: 'NAME', parse: text => text.toLowerCase(), summary: `which screen comes first: ${SCREEN_NAMES.join(', ')} [default: ${SCREEN_NAMES[0]}]`},
  'read-only': {kind: 'switch', summary: 'ADMIN cannot be switched on', exclusive: ['admin']},
  admin: {kind: 'switch', summary: 'start in ADMIN'},
  ascii: {kind: 'switch', summary: 'draw with ASCII only [env: QCTL_ASCII=1]'},
  once: {kind: 'switch', summary: 'print one frame, as where there is no terminal'},
} as const satisfies FlagTable

function parseInterval(text: string): number {
  const ms = parseDuration(text)
  if (ms < LEAST_MS || ms > MOST_MS) throw new QctlError('usage', `must be from ${formatDuration(LEAST_MS)} to ${formatDuration(MOST_MS)}`)
  return ms
}
