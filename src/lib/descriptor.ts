import {closeSync, constants, fstatSync, openSync, readFileSync, statSync} from 'node:fs'

/**
 * Says whether a descriptor is a terminal. Only a character device can be one, and /dev/null is the device that
 * is most often met; for anything else the 3 ms that loading `node:tty` takes are saved.
 */
export function isTerminal(file: number): boolean {
  try {
    const stat = fstatSync(file)
    if (!stat.isCharacterDevice() || stat.rdev === statSync('/dev/null', {throwIfNoEntry: false})?.rdev) return false
    return process.getBuiltinModule('node:tty').isatty(file)
  } catch {
    return false
  }
}

/** O_CLOEXEC, which `node:fs` does not name; the same on all systems that qctl is built for and that have /proc. */
const CLOSED_AT_EXEC = 0o2000000

/**
 * Says whether a standard descriptor was handed to this process. In the place of one that was closed the runtime opens /dev/null at its start, with
 * a mark that none that was inherited can have. True where that cannot be seen: no /proc; Node sets no mark.
 */
export function isInherited(file: 0 | 1 | 2): boolean {
  try {
    const [, flags = ''] = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${file}`, 'utf8')) ?? []
    return (Number.parseInt(flags, 8) & CLOSED_AT_EXEC) === 0
  } catch {
    return true
  }
}

/**
 * Opens a pipe or terminal once more, so that writes come back at once.
 *
 * Whether writes block is a property of the open file, which a pipe or terminal shares with its other users, so it is not
 * changed but opened anew through /proc.
 * @param file descriptor
 * @returns another descriptor
 * @throws when there is no such way: a socket; a pipe of supervisord's while running as another user; no /proc
 */
export function openWithoutBlocking(file: number): number {
  const opened = openSync(`/proc/self/fd/${file}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  const [before, now] = [fstatSync(file), fstatSync(opened)]
  if (before.ino === now.ino && before.dev === now.dev) return opened
  closeSync(opened)
  throw new Error('not the same file')
}
