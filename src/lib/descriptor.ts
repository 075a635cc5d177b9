import {closeSync, constants, fstatSync, openSync, statSync} from 'node:fs'

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
