import {BaseCommand} from '../lib/cli/base-command.ts'
import {versionFacts} from '../lib/cli/version.ts'

export default class Version extends BaseCommand {
  static override summary = 'Show the version of qctl and of what it is made of'
  static override examples = ['qctl version', 'qctl version --json']

  override async run(): Promise<void> {
    await this.parse(Version)
    const facts = versionFacts(this.config.version)
    this.print.result(facts, () => `qctl ${facts.version}`)
    this.print.detail(`${facts.runtime} ${facts.runtime_version}, SQLite ${facts.sqlite ?? 'unknown'}, ${facts.platform}`)
  }
}
