import type {Interfaces} from '@oclif/core'
import pjson from '../package.json' with {type: 'json'}
import {commands} from '../src/commands/index.ts'
import {main} from '../src/lib/cli/main.ts'

/** JSON, put in by the build; while developing it does not exist. As a text it costs nothing until help is asked for. */
declare const QCTL_MANIFEST: string | undefined

/**
 * Runs qctl with everything it can do.
 *
 * @param argv the arguments after `qctl`
 */
export async function full(argv: readonly string[]): Promise<void> {
  const manifest = typeof QCTL_MANIFEST === 'undefined' ? undefined : () => JSON.parse(QCTL_MANIFEST) as Interfaces.Manifest
  await main(argv, {pjson, commands, manifest, root: import.meta.dirname})
}
