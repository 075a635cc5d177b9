/** How this process ends when it must touch nothing any more. */

import {openCLibrary} from './c-library.ts'

interface ForeignFunctions {
  dlopen(
    library: string,
    functions: {readonly _exit: {readonly args: readonly ['int']; readonly returns: 'void'}},
  ): {readonly symbols: {_exit(status: number): void}}
}

/**
 * From now on the end of this process is its last act: Bun would close the databases that are still open, and SQLite takes that for
 * the moment to copy the log into the file. (Node leaves them as they are.)
 */
export function leaveEverythingAsItIs(): void {
  process.on('exit', exitAtOnce)
}

function exitAtOnce(status: number): void {
  const foreign = process.getBuiltinModule('bun:ffi') as ForeignFunctions | undefined
  if (foreign === undefined) return
  openCLibrary(name => foreign.dlopen(name, {_exit: {args: ['int'], returns: 'void'}}))?.symbols._exit(status)
}
