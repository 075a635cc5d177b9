import {nextTurn} from '../time.ts'
import {BaseCommand} from './base-command.ts'
import {reportFailure, reportOptions} from './failure.ts'
import {loadConfig, type Program} from './program.ts'
import {route} from './route.ts'

/**
 * Runs one command line and ends the process with its exit status.
 *
 * @param argv the arguments after `qctl`
 * @param program the commands and what is known about them
 */
export async function main(argv: readonly string[], program: Program): Promise<void> {
  guardStreams()
  guardBugs(argv)
  try {
    const found = route(argv, {ids: Object.keys(program.commands)})
    const [CommandClass, config] = await Promise.all([program.commands[found.id]?.(), loadConfig(program)])
    if (CommandClass === undefined) throw new Error(`no command ${found.id}`)
    CommandClass.id = found.id
    await BaseCommand.start(CommandClass, found.argv, config)
  } catch (error) {
    process.exitCode = reportFailure(error, reportOptions(argv, process.env))
  }
  await exit()
}

/** A reader that went away (`| head`) is no error; a log nobody reads must not stop anything. */
function guardStreams(): void {
  // oclif's listener throws what is no EPIPE, and lets a command go on writing to a pipe that is gone.
  process.stdout.removeAllListeners('error')
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    process.stderr.write(`qctl: cannot write to stdout: ${error.code ?? error.message}\n`)
    process.exit(74)
  })
  process.stderr.on('error', () => {})
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
  await ended(process.stdout)
  // An error of the last write is told one turn after the end.
  await nextTurn()
  await ended(process.stderr)
  return process.exit()
}

function ended(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.once('error', () => resolve())
    stream.end(() => resolve())
  })
}
