// Prints the help of every command as the source has it, one JSON object {id: text}.
import pjson from '../../package.json' with {type: 'json'}
import {commands} from '../../src/commands/index.ts'
import {QctlHelp} from '../../src/lib/cli/help.ts'
import {createManifest, loadConfig} from '../../src/lib/cli/program.ts'

/** Help that is kept instead of printed. */
class KeptHelp extends QctlHelp {
  text = ''

  protected override log(...lines: string[]): void {
    this.text += `${lines.join(' ')}\n`
  }
}

const bare = {pjson, commands, root: '/'}
const manifest = await createManifest(bare)
const config = await loadConfig({...bare, manifest: () => manifest})
const texts: Record<string, string> = {}
for (const id of Object.keys(commands)) {
  const help = new KeptHelp(config)
  await help.show(id.split(':'))
  texts[id] = help.text
}
process.stdout.write(JSON.stringify(texts))
