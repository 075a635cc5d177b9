/**
 * Notices that nobody reads what this process prints any more. A process is told so when it writes, and one that prints only when
 * something changes may not write for hours. poll(2) knows at once; neither runtime offers it, but Bun can call it.
 */
import {openCLibrary} from '../c-library.ts'
import {isTerminal} from '../descriptor.ts'
import {after} from '../time.ts'
import {stdout} from './papers.ts'

const LOOK_MS = 200
/** POLLERR, POLLHUP and POLLNVAL: reported also when nothing is asked for. */
const GONE = 8 | 16 | 32

/**
 * Ends the process once nobody reads its stdout: for commands that show without an end of their own. Never for one that changes something,
 * which goes on to its end.
 * @returns the function that ends the watch
 */
export async function endWithReader(): Promise<() => void> {
  const end = (): never => process.exit()
  stdout.lost.addEventListener('abort', end)
  const unwatch = await whenReaderGone(1, end)
  return () => {
    stdout.lost.removeEventListener('abort', end)
    unwatch()
  }
}

/**
 * Calls `action` once when the reader of a pipe has gone; never where that cannot be told (under Node, or for a file), nor for a terminal,
 * whose end comes as a signal.
 * @param descriptor the writing end
 * @returns the function that ends the watch
 */
async function whenReaderGone(descriptor: number, action: () => void): Promise<() => void> {
  const isGone = isTerminal(descriptor) ? null : await lookOut(descriptor)
  if (isGone === null) return () => {}
  let cancel = (): void => {}
  const look = (): void => {
    if (isGone()) return action()
    cancel = after(LOOK_MS, look, {keepAlive: false})
  }
  look()
  return () => cancel()
}

async function lookOut(descriptor: number): Promise<(() => boolean) | null> {
  if (process.versions['bun'] === undefined) return null
  const {dlopen, ptr} = await import('bun:ffi')
  const library = openCLibrary(name => dlopen(name, {poll: {args: ['ptr', 'u64', 'i32'], returns: 'i32'}}))
  if (library === null) return null
  // struct pollfd: the descriptor, then two halves of a word, of which the upper is the answer.
  const file = new Int32Array([descriptor, 0])
  return () => library.symbols.poll(ptr(file), 1, 0) === 1 && (((file[1] ?? 0) >>> 16) & GONE) !== 0
}
