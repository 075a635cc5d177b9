import {BaseCommand} from '../lib/cli/base-command.ts'
import {SETTING_LIST, settingRows} from '../lib/cli/setting-list.ts'

export default class Config extends BaseCommand {
  static override summary = 'Show every setting, its value and where that came from'
  static override description =
    'Flags beat the environment, that beats the configuration files, those beat the defaults. Nothing in the current directory is ever read.'
  static override examples = ['qctl config', 'qctl config --json', 'QCTL_DB=/srv/q.db qctl config --columns name,value']

  override async run(): Promise<void> {
    await this.parse(Config)
    const items = settingRows(this.settings, this.origins)
    await this.print.list({items, next: null, searched: null}, SETTING_LIST)
  }
}
