import {CommandHelp, Help} from '@oclif/core/help'
import {settings} from '@oclif/core/settings'
import type {Command, Interfaces} from '@oclif/core'
import {HELP_PAGES} from './help-pages.ts'
import {stdout} from './papers.ts'
import {screenWidth} from './terminal.ts'

type Flags = Command.Flag.Any[]

/** They mean nothing where there is but one way to print. */
const OUTPUT_FLAGS: ReadonlySet<string> = new Set(['json', 'output', 'columns'])

/** Help of one command: a short usage line, flags in the order of their table, the global ones last. */
class QctlCommandHelp extends CommandHelp {
  protected override defaultUsage(): string {
    const args = Object.values(this.command.args).map(({name, required, multiple}) => {
      const word = `${name.toUpperCase()}${multiple === true ? '...' : ''}`
      return required === true ? word : `[${word}]`
    })
    return [this.command.id, ...args, '[FLAGS]'].join(' ')
  }

  /** oclif's own repeats the summary, which stands on top already. */
  protected override description(): string | undefined {
    const {description} = this.command
    return description === undefined ? undefined : this.wrap(description)
  }

  /** oclif's own takes only lines that begin with qctl for commands; `find … | qctl …` is one, too. */
  protected override examples(examples: Command.Example[] | string | undefined): string | undefined {
    if (examples === undefined || examples.length === 0) return undefined
    return [examples].flat().map(example => `$ ${typeof example === 'string' ? example : example.command}`).join('\n\n')
  }

  /** oclif's own takes the blanks off before the first flag, which then stands left of the others. */
  override renderList(input: (string | undefined)[][], options: Parameters<CommandHelp['renderList']>[1]): string {
    const text = super.renderList(input, options)
    const first = input[0]?.[0] ?? ''
    const isBelowEachOther = text.startsWith(`${first.trim()}\n`)
    return isBelowEachOther ? text : `${/^ */.exec(first)?.[0] ?? ''}${text}`
  }

  protected override groupFlags(flags: Flags): {flagGroups: {[name: string]: Flags}; mainFlags: Flags} {
    const {flagGroups, mainFlags} = super.groupFlags(this.#taken(flags))
    const {GLOBAL: global, ...groups} = flagGroups
    return {mainFlags, flagGroups: global === undefined ? groups : {...groups, GLOBAL: global}}
  }

  /** The global flags are the same for all commands; what `--output` may ask is not. */
  #taken(flags: Flags): Flags {
    const {formats = []} = this.command as {readonly formats?: readonly string[]}
    if (formats.length === 1) return flags.filter(({name}) => !OUTPUT_FLAGS.has(name))
    return flags.map(flag => (flag.name === 'output' && flag.type === 'option' ? {...flag, helpValue: formats.join('|')} : flag))
  }
}

/** How wide help is: as the terminal, 80 in a pipe. */
export function helpWidth(): number {
  return Math.max(40, screenWidth(stdout) ?? 80)
}

/** oclif's help, asked by command id. */
export class QctlHelp extends Help {
  protected override CommandHelpClass = QctlCommandHelp

  constructor(config: Interfaces.Config) {
    // Else oclif makes both streams of the process to ask them, for 3 ms.
    settings.columns = helpWidth()
    super(config, {flagSortOrder: 'none'})
  }

  /** oclif's own makes the stream of the process. */
  protected override log(text = ''): void {
    stdout.write(`${text}\n`)
  }

  /**
   * Shows help on what some words name.
   *
   * @param words of a command or topic; none for all of qctl
   * @returns false when they name nothing
   */
  async show(words: readonly string[]): Promise<boolean> {
    if (words.length === 0) {
      await this.showRootHelp()
      this.log(this.section('HELP TOPICS', HELP_PAGES.map(({name, summary}) => [`help ${name}`, summary])))
      this.log()
      return true
    }
    const id = words.join(':')
    const command = this.config.findCommand(id)
    const topic = this.config.findTopic(id)
    if (command !== undefined) await this.showCommandHelp(command)
    else if (topic !== undefined) await this.showTopicHelp(topic)
    return command !== undefined || topic !== undefined
  }
}
