/** A directory for short-lived files that only this user may enter, shared by all consumers of the user. */
import {lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {type Clock, systemClock} from '../time.ts'

/** What a killed consumer left is removed when it is this old and its process is gone. */
const OLD_MS = 86_400_000

/** One consumer's part of it: its names begin with its pid and cannot meet those of another. */
export class PrivateDirectory {
  readonly #clock: Clock
  readonly #prefix = `${process.pid}-${Math.random().toString(36).slice(2, 8)}-`
  #path: string | null = null
  /** Made because the usual place is somebody else's. */
  #own: string | null = null

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /** The path of a file of that name; nothing is there yet. */
  pathOf(name: string): string {
    // A consumer may idle for weeks, and a cleaner of old temporary files may have been there.
    if (this.#path === null || !isPrivate(this.#path)) this.#path = this.#make()
    return join(this.#path, this.#prefix + name)
  }

  /** Leaves nothing of this consumer behind. */
  close(): void {
    if (this.#own !== null) rmSync(this.#own, {recursive: true, force: true})
  }

  #make(): string {
    const runtime = process.env['XDG_RUNTIME_DIR']
    const path = runtime ? join(runtime, 'qctl') : join(tmpdir(), `qctl-${process.getuid?.() ?? 'user'}`)
    try {
      mkdirSync(path, {mode: 0o700})
    } catch (error) {
      // Anybody may have made that name in a shared directory; then it is not ours to use.
      if (!isPrivate(path)) return this.#makeOwn(error)
    }
    removeOld(path, this.#clock.wallNow())
    return path
  }

  #makeOwn(reason: unknown): string {
    const {code} = reason as NodeJS.ErrnoException
    if (code !== 'EEXIST' && code !== 'ENOENT') throw reason
    this.close()
    this.#own = mkdtempSync(join(tmpdir(), 'qctl-'))
    return this.#own
  }
}

function isPrivate(path: string): boolean {
  const stat = lstatSync(path, {throwIfNoEntry: false})
  if (stat?.isDirectory() !== true) return false
  return process.getuid === undefined || (stat.uid === process.getuid() && (stat.mode & 0o077) === 0)
}

function removeOld(directory: string, now: number): void {
  try {
    for (const name of readdirSync(directory)) {
      const path = join(directory, name)
      const stat = lstatSync(path, {throwIfNoEntry: false})
      if (stat !== undefined && now - stat.mtimeMs > OLD_MS && isGone(Number.parseInt(name, 10))) {
        rmSync(path, {recursive: true, force: true})
      }
    }
  } catch {
    // Another consumer tidies up at the same time, or nobody can.
  }
}

function isGone(pid: number): boolean {
  try {
    return Number.isNaN(pid) || !process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
