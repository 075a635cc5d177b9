import {BaseCommand, requireFormat} from '../lib/cli/base-command.ts'
import {asText} from '../lib/cli/flags.ts'
import {HELP_PAGES} from '../lib/cli/help-pages.ts'
import {helpWidth, QctlHelp} from '../lib/cli/help.ts'
import {oclifArgs} from '../lib/cli/oclif-flags.ts'
import {stdout} from '../lib/cli/papers.ts'
import {ONE_THING} from '../lib/cli/print.ts'
import {wrap} from '../lib/cli/wrap.ts'
import {QctlError} from '../lib/errors.ts'
import {nearest} from '../lib/nearest.ts'

export default class HelpCommand extends BaseCommand {
  static override summary = 'Show help on a command or a topic'
  static override description = HELP_PAGES.map(({name, summary}) => `qctl help ${name}: ${summary}`).join('\n')
  static override examples = ['qctl help produce', 'qctl help jobs list', 'qctl help exit-codes']
  static override formats = ONE_THING
  static override args = oclifArgs({topic: {summary: 'a command or a topic', parse: asText, several: true}})

  override async run(): Promise<void> {
    const {args, flags} = await this.parseWords(HelpCommand)
    requireFormat(flags['output'], HelpCommand.formats)
    const words = (args.topic ?? []).flatMap((word) => word.split(':'))
    const page = HELP_PAGES.find(({name}) => name === words.join('-'))
    if (page !== undefined) stdout.write(`${wrap(page.text(), helpWidth())}\n`)
    else if (!(await new QctlHelp(this.config).show(words))) throw noSuchHelp(words, this.config.commandIDs)
  }
}

/** Says that there is no help on some words, and what comes near them. */
function noSuchHelp(words: readonly string[], ids: readonly string[]): QctlError {
  const names = [...ids.map((id) => id.replaceAll(':', ' ')), ...HELP_PAGES.map(({name}) => name)]
  const meant = nearest(words.join(' '), names)
  return new QctlError('usage', `no help on "${words.join(' ')}"`, {
    hint: meant === null ? 'qctl help lists the commands' : `did you mean "qctl help ${meant}"?`,
  })
}
