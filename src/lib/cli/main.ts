import {BaseCommand} from './base-command.ts'
import {reportFailure, reportOptions} from './failure.ts'
import {endPapers} from './papers.ts'
import {loadConfig, type Program, withoutHelp} from './program.ts'
import {route} from './route.ts'

/**
 * Runs one command line and ends the process with its exit status.
 *
 * @param argv the arguments after `qctl`
 * @param program the commands and what is known about them
 */
export async function main(argv: readonly string[], program: Program): Promise<void> {
  guardBugs(argv)
  try {
    const found = route(argv, {ids: Object.keys(program.commands)})
    const known = found.id === 'help' ? program : withoutHelp(program)
    const [CommandClass, config] = await Promise.all([program.commands[found.id]?.(), loadConfig(known)])
    if (CommandClass === undefined) throw new Error(`no command ${found.id}`)
    CommandClass.id = found.id
    await BaseCommand.start(CommandClass, found.argv, config)
  } catch (error) {
    process.exitCode = reportFailure(error, reportOptions(argv, process.env))
  }
  await exit()
}

/** An error that nobody caught is a bug: say so, with the exit status of a bug. */
function guardBugs(argv: readonly string[]): void {
  const fail = (error: unknown): void => {
    process.exitCode = reportFailure(error, reportOptions(argv, process.env))
    void exit()
  }
  process.on('uncaughtException', fail)
  process.on('unhandledRejection', fail)
}

/**
 * Ends the process once everything printed has left. Waiting for the end to come by itself would hang on a stdin
 * that is still open; and in Bun neither `drain` nor the callback of an empty write waits for what a pipe has not taken yet.
 */
async function exit(): Promise<never> {
  await endPapers()
  return process.exit()
}
