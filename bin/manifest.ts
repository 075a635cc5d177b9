import {writeFileSync} from 'node:fs'
import pjson from '../package.json' with {type: 'json'}
import {commands} from '../src/commands/index.ts'
import {createManifest} from '../src/lib/cli/program.ts'

/** Describes every command as JSON, for help without loading them all. */
export async function manifestJson(): Promise<string> {
  return JSON.stringify(await createManifest({pjson, commands, root: '/'}))
}

const [, , target] = process.argv
if (import.meta.main && target !== undefined) writeFileSync(target, await manifestJson())
