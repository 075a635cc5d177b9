// Subpaths: the index of oclif costs every start 2 ms more.
import {Config, Plugin} from '@oclif/core/config'
import {setLogger} from '@oclif/core/logger'
import type {Command, Interfaces} from '@oclif/core'
import type {CommandClass} from './base-command.ts'

/** Every command by its id (`jobs:list`), loaded when it is needed. A bundler cannot see globs, so there is a table. */
export type CommandTable = Readonly<Record<string, () => Promise<CommandClass>>>

/** What makes qctl this version of qctl. */
export interface Program {
  /** The contents of package.json. */
  readonly pjson: unknown
  readonly commands: CommandTable
  /** Reads what help needs to know of all commands without loading them; absent while developing. */
  readonly manifest?: (() => Interfaces.Manifest) | undefined
  /** A directory oclif may name as ours; nothing is read from it. */
  readonly root: string
}

/** Methods that oclif's type hides but its own `load` calls. */
interface HiddenPlugin {
  _manifest(): Promise<Interfaces.Manifest>
  getCommandIDs(): Promise<string[]>
}

const SILENT: Interfaces.Logger = {
  child: () => SILENT,
  debug: () => {},
  error: () => {},
  info: () => {},
  trace: () => {},
  warn: () => {},
  namespace: 'oclif',
}

/** Without DEBUG nobody reads what oclif logs, and its own logger loads node:tty, for 3 ms. */
function logging(): {readonly logger?: Interfaces.Logger} {
  return process.env['DEBUG'] ? {} : {logger: SILENT}
}

/** oclif looks for commands on disk; in a compiled binary there is none, so they come from a table. */
class EmbeddedPlugin extends Plugin {
  readonly #program: Program

  constructor(program: Program) {
    // Here already, because a plugin logs before there is a configuration.
    setLogger({root: program.root, ...logging()})
    super({root: program.root, isRoot: true, pjson: program.pjson as Interfaces.PJSON, ignoreManifest: true})
    this.#program = program
  }

  override async findCommand(id: string): Promise<Command.Class> {
    const command = await this.#program.commands[id]?.()
    if (command === undefined) throw new Error(`no command ${id}`)
    command.id = id
    // What oclif takes from the class are the statics of `Command`, which every one of ours has.
    return Object.assign(command, {plugin: this}) as unknown as Command.Class
  }

  override async load(): Promise<void> {
    const hidden = this as unknown as HiddenPlugin
    const {commands, manifest} = this.#program
    hidden.getCommandIDs = async () => Object.keys(commands)
    if (manifest !== undefined) {
      hidden._manifest = async () => {
        const read = manifest()
        this.commandIDs = Object.keys(read.commands)
        return read
      }
    }
    await super.load()
  }
}

/** What help would know. Only help asks, and to read it takes 1 ms of the 17 of a `queues list`. */
const NO_COMMANDS: Interfaces.Manifest = {version: '', commands: {}}

/** The same program for a command that is no help. */
export function withoutHelp(program: Program): Program {
  return {...program, manifest: () => NO_COMMANDS}
}

/**
 * Makes oclif's configuration without touching a file.
 *
 * @param program what to run
 * @returns a loaded configuration; its commands load themselves from the table
 */
export async function loadConfig(program: Program): Promise<Config> {
  // Otherwise oclif looks for a theme in the user's configuration directory.
  process.env['QCTL_DISABLE_THEME'] = '1'
  const plugin = new EmbeddedPlugin(program)
  await plugin.load()
  const config = new Config({
    root: program.root,
    pjson: program.pjson as Interfaces.PJSON,
    plugins: new Map([[plugin.name, plugin]]),
    ...logging(),
  })
  await config.load()
  delete process.env['QCTL_DISABLE_THEME']
  // Help prints it; oclif's own names a version of Node that nobody runs.
  return Object.assign(config, {userAgent: `${config.bin} ${config.version}`})
}

/**
 * Describes every command as data, for help without loading them all.
 *
 * @param program what to describe; its own manifest is ignored
 */
export async function createManifest(program: Program): Promise<Interfaces.Manifest> {
  const plugin = new EmbeddedPlugin({...program, manifest: undefined})
  await plugin.load()
  return plugin.manifest
}
