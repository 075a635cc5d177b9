/**
 * The short way of `qctl job …` around oclif: handlers call it again and again. Like that of `produce` it takes plain command
 * lines only and leaves everything else, and every complaint about the command line, to oclif.
 */
import type {Saying} from '../job-message.ts'
import {GLOBAL_FLAGS, type ArgTable, type ArgValues} from './flags.ts'
import {PROGRESS_ARGS, progressSaying, RESULT_ARGS, resultSaying, saidJson, SNOOZE_ARGS, snoozeSaying} from './job-verbs.ts'
import {say} from './job-channel.ts'
import {parseWithTable} from './parse-args.ts'

/** A command line that was understood. */
interface Understood {
  readonly isJson: boolean
  readonly saying: () => Saying | Promise<Saying>
}

type Verb = (argv: readonly string[]) => Understood | null

const VERBS: Readonly<Record<string, Verb>> = {
  progress: verb(PROGRESS_ARGS, progressSaying),
  result: verb(RESULT_ARGS, resultSaying),
  snooze: verb(SNOOZE_ARGS, snoozeSaying),
}

/** @returns null for a command line out of the ordinary */
function verb<Args extends ArgTable>(table: Args, saying: (args: ArgValues<Args>) => Saying | Promise<Saying>): Verb {
  return argv => {
    const parsed = parseWithTable(GLOBAL_FLAGS, table, argv)
    if (parsed === null) return null
    const {json, quiet, ...others} = parsed.flags
    // Nothing else changes what these commands do, but it may be wrong.
    const isPlain = Object.values(others).every(value => value === undefined || value === false)
    return isPlain ? {isJson: json, saying: () => saying(parsed.args)} : null
  }
}

/**
 * Says what a plain `qctl job VERB` wants said, and ends with the exit status set.
 * @param argv the arguments after `qctl`
 * @returns false when this is not for the short way; nothing has happened then
 */
export async function jobFast([topic, name = '', ...argv]: readonly string[]): Promise<boolean> {
  const understood = topic === 'job' && Object.hasOwn(VERBS, name) ? (VERBS[name]?.(argv) ?? null) : null
  if (understood === null || process.env['QCTL_OUTPUT'] !== undefined) return false
  const {isJson} = understood
  try {
    const saying = await understood.saying()
    const claim = await say(saying, process.env)
    if (isJson) await print(saidJson(claim, saying))
  } catch (error) {
    const {reportFailure} = await import('./failure.ts')
    process.exitCode = reportFailure(error, {json: isJson ? 'document' : null, verbose: false})
  }
  return true
}

async function print(value: object): Promise<void> {
  const {stdout} = await import('./papers.ts')
  const {safeJson} = await import('./safe-output.ts')
  stdout.write(`${safeJson(value, 2)}\n`)
}
