/** What to do about a flag that a command does not have, or not alone. */
import {nearest} from '../nearest.ts'

/** What oclif's complaint about unknown flags carries. */
interface UnknownFlags {
  readonly flags: readonly string[]
  readonly parse: {readonly input: {readonly flags: Readonly<Record<string, unknown>>}}
}

/** Words of other tools, with the flag that means the same where a command has it. */
const SYNONYMS: Readonly<Record<string, string>> = {timeout: 'for', wait: 'for', 'until-empty': 'drain', schedule: 'at', retries: 'max-attempts', workers: 'concurrency'}

/** Flags of those who look for what qctl leaves to others. */
const SCHEDULES: ReadonlySet<string> = new Set(['cron', 'schedule', 'repeat', 'interval', 'every'])
const NO_SCHEDULES = 'qctl has no schedules: let cron run "qctl produce --key …", as qctl help produce shows'

/**
 * What helps against a complaint of oclif's parser.
 * @returns `null` when it is not about such a flag
 */
export function flagHint(error: Error): string | null {
  if (/^\s*All of the following must be provided when using --every: --generate$/m.test(error.message)) return NO_SCHEDULES
  if (!isUnknownFlags(error)) return null
  const [written = ''] = (error.flags[0] ?? '').split('=')
  const typed = written.replace(/^-+/, '')
  const known = Object.keys(error.parse.input.flags)
  if (SCHEDULES.has(typed) && known.includes('generate')) return NO_SCHEDULES
  const synonym = SYNONYMS[typed]
  const meant = synonym !== undefined && known.includes(synonym) ? synonym : nearest(typed, known)
  return meant === null ? 'see --help; put -- before an argument that begins with -' : `did you mean "--${meant}"?`
}

function isUnknownFlags(error: Error): error is Error & UnknownFlags {
  return error.message.startsWith('Nonexistent flag') && 'flags' in error && 'parse' in error
}
