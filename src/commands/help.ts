import {BaseCommand} from '../lib/cli/base-command.ts'
import {asText} from '../lib/cli/flags.ts'
import {HELP_PAGES} from '../lib/cli/help-pages.ts'
import {QctlHelp} from '../lib/cli/help.ts'
import {oclifArgs} from '../lib/cli/oclif-flags.ts'
import {stdout} from '../lib/cli/papers.ts'
import {unknownCommand} from '../lib/cli/route.ts'

export default class HelpCommand extends BaseCommand {
  static override summary = 'Show help on a command or a topic'
  static override description = HELP_PAGES.map(({name, summary}) => `qctl help ${name}: ${summary}`).join('\n')
  static override examples = ['qctl help produce', 'qctl help jobs list', 'qctl help exit-codes']
  static override args = oclifArgs({topic: {summary: 'a command or a topic', parse: asText, several: true}})

  override async run(): Promise<void> {
    const {args} = await this.parseWords(HelpCommand)
    const words = (args.topic ?? []).flatMap((word) => word.split(':'))
    const page = HELP_PAGES.find(({name}) => name === words.join('-'))
    if (page !== undefined) stdout.write(`${page.text()}\n`)
    else if (!(await new QctlHelp(this.config).show(words))) {
      throw unknownCommand(words, [...this.config.commandIDs, ...HELP_PAGES.map(({name}) => name)])
    }
  }
}
