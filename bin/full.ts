import type {Interfaces} from '@oclif/core'
import pjson from '../package.json' with {type: 'json'}
import {commands} from '../src/commands/index.ts'
import {main} from '../src/lib/cli/main.ts'

/** Put in by the build; while developing it does not exist. */
declare const QCTL_MANIFEST: Interfaces.Manifest | undefined

/**
 * Runs qctl with everything it can do.
 *
 * @param argv the arguments after `qctl`
 */
export async function full(argv: readonly string[]): Promise<void> {
  const manifest = typeof QCTL_MANIFEST === 'undefined' ? undefined : QCTL_MANIFEST
  await main(argv, {pjson, commands, manifest, root: import.meta.dirname})
}
