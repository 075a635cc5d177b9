import {Command} from '@oclif/core/command'
import type {Config, Interfaces} from '@oclif/core'
import {OUTPUT_FORMATS, resolveSettings, type Origin, type OutputFormat, type SettingName, type Settings} from '../config.ts'
import {isTerminal} from '../descriptor.ts'
import {QctlError} from '../errors.ts'
import {shownDatabase} from '../location.ts'
import {jsonFormOf, reportFailure, reportOptions} from './failure.ts'
import {GLOBAL_FLAGS} from './flags.ts'
import type {ConfirmOptions} from './confirm.ts'
import {Interruption} from './interruption.ts'
import {oclifFlags} from './oclif-flags.ts'
import {stderr, stdout} from './papers.ts'
import {Printer} from './print.ts'
import type {Session, SessionOptions} from './session.ts'
import {colorLevel, painter} from './terminal.ts'

interface Prepared {
  readonly settings: Settings
  readonly origins: Readonly<Record<SettingName, Origin>>
  readonly print: Printer
  readonly flags: Readonly<Record<string, unknown>>
}

/** A command that can be made. */
export interface CommandClass {
  id: string
  new (argv: string[], config: Config): BaseCommand
}

/**
 * What every command has: the global flags, settings, a printer, the open database, signals.
 * All but `interruption` exist once the command has called `this.parse(…)`.
 */
export abstract class BaseCommand extends Command {
  static override baseFlags = oclifFlags(GLOBAL_FLAGS)

  /** What `--output` may ask of this command. Static, so that the manifest has it and help lists no other. */
  static formats: readonly OutputFormat[] = OUTPUT_FORMATS

  #prepared: Prepared | undefined
  #session: Promise<Session> | undefined
  #interruption: Interruption | undefined

  /**
   * Runs a command and reports its failure; never throws.
   *
   * @param CommandClass which command
   * @param argv what follows the command's name
   * @param config oclif's configuration; given as it is, because `Command.run` would load it a second time
   */
  static async start(CommandClass: CommandClass, argv: readonly string[], config: Config): Promise<void> {
    await new CommandClass([...argv], config)._run()
  }

  /** The settings: flags, environment, configuration files and defaults in one. */
  protected get settings(): Settings {
    return this.#ready.settings
  }

  /** Where each setting came from. */
  protected get origins(): Readonly<Record<SettingName, Origin>> {
    return this.#ready.origins
  }

  /** Prints data to stdout and everything else to stderr. */
  protected get print(): Printer {
    return this.#ready.print
  }

  /** The signals that end a process. From the first look at it on, TERM, INT and HUP no longer kill by themselves. */
  protected get interruption(): Interruption {
    this.#interruption ??= new Interruption()
    return this.#interruption
  }

  /** Aborted by the first signal. A command that only waits gives it to what it waits for and lets the error through. */
  protected get signal(): AbortSignal {
    return this.interruption.stop
  }

  /** What `confirm` needs to know. */
  protected get confirmation(): ConfirmOptions {
    const {flags} = this.#ready
    return {
      yes: flags['yes'] === true,
      confirm: typeof flags['confirm'] === 'number' ? flags['confirm'] : undefined,
      canAsk: flags['no-input'] !== true && isTerminal(0) && stderr.isTTY,
    }
  }

  /**
   * Opens the database, once; it is closed when the command ends.
   *
   * @param options `create`: make a missing one, unless `--no-create` was given
   * @throws {QctlError} when it cannot be opened
   */
  protected async open({create = false, durability}: Partial<SessionOptions> = {}): Promise<Session> {
    this.#session ??= this.#open({create: create && this.#ready.flags['no-create'] !== true, durability})
    try {
      return await this.#session
    } catch (error) {
      // It may be tried again.
      this.#session = undefined
      throw error
    }
  }

  async #open(options: SessionOptions): Promise<Session> {
    this.print.detail(`database: ${shownDatabase(this.settings.db)}`)
    const {createdNote, openSession} = await import('./session.ts')
    return openSession(this.settings, {...options, onCreate: (path) => this.print.note(createdNote(path))})
  }

  /** oclif's parser alone, for a command that must work even with a broken configuration. */
  protected parseWords<
    Flags extends Record<string, unknown>,
    Base extends Record<string, unknown>,
    Args extends Record<string, unknown>,
  >(
    options?: Interfaces.Input<Flags, Base, Args>,
    argv?: string[],
  ): Promise<Interfaces.ParserOutput<Flags, Base, Args>> {
    return super.parse(options, argv)
  }

  /** oclif's parser, then settings and printer. */
  protected override async parse<
    Flags extends Record<string, unknown>,
    Base extends Record<string, unknown>,
    Args extends Record<string, unknown>,
  >(
    options?: Interfaces.Input<Flags, Base, Args>,
    argv?: string[],
  ): Promise<Interfaces.ParserOutput<Flags, Base, Args>> {
    const parsed = await this.parseWords(options, argv)
    const flags: Readonly<Record<string, unknown>> = parsed.flags
    const given: Readonly<Record<string, unknown>> = flags['json'] === true ? {...flags, output: 'json'} : flags
    const {settings, origins} = await resolveSettings({flags: given, env: process.env})
    requireFormat(given['output'], (this.constructor as typeof BaseCommand).formats)
    this.#prepared = {settings, origins, flags, print: printerOf(settings, flags)}
    return parsed
  }

  protected override async catch(error: unknown): Promise<void> {
    const bare = reportOptions(this.argv, process.env)
    const json = this.#prepared === undefined ? bare.json : jsonFormOf(this.#prepared.print.output)
    process.exitCode = reportFailure(error, {json, verbose: bare.verbose})
  }

  protected override async finally(): Promise<void> {
    this.#interruption?.dispose()
    try {
      await (await this.#session)?.close()
    } catch (error) {
      // An error of opening was reported already; one of closing must not hide behind a success.
      if (process.exitCode === undefined || process.exitCode === 0) await this.catch(error)
    }
  }

  /** oclif's own JSON prints its parser's state on errors; everything is printed by `print` and `failure`. */
  override jsonEnabled(): boolean {
    return false
  }

  get #ready(): Prepared {
    if (this.#prepared === undefined) throw new Error(`${this.id} looked at its settings before this.parse()`)
    return this.#prepared
  }
}

/**
 * Refuses a format that a command does not have, before it does anything. One from the environment is for the commands that have it.
 * @param given `--output`, when it is on the command line
 * @throws QctlError `usage`, naming those it has
 */
export function requireFormat(given: unknown, formats: readonly OutputFormat[]): void {
  if (given === undefined || formats.some(format => format === given)) return
  throw new QctlError('usage', `this command has no --output ${String(given)}: it takes ${formats.join(', ')}`)
}

function printerOf(settings: Settings, flags: Readonly<Record<string, unknown>>): Printer {
  const columns = flags['columns']
  return new Printer({
    output: settings.output,
    columns: Array.isArray(columns) ? columns.map(String) : undefined,
    quiet: flags['quiet'] === true,
    verbose: flags['verbose'] === true,
    out: stdout,
    err: stderr,
    paint: painter(colorLevel(settings.color, stdout, process.env)),
    paintNotes: painter(colorLevel(settings.color, stderr, process.env)),
  })
}
