/**
 * Clocks, timers and durations. `Date.now` and timers appear in this file and nowhere else in lib
 * (held by test/architecture.test.ts), so that everything else can be given a time.
 *
 * Two clocks, on purpose: what people read (`*_at`, `run_at`) is wall time in UTC ms; what decides over a lease is the
 * host's boot clock, because a step of the wall clock must neither end nor extend a lease.
 */
import {openSync, readFileSync, readlinkSync, readSync} from 'node:fs'
import {QctlError} from './errors.ts'

/** The clocks of one host. A parameter wherever time matters; tests give their own. */
export interface Clock {
  /** Wall clock: ms since 1970, UTC. May jump in either direction. */
  wallNow(): number
  /** Boot clock: ms since this host started, suspend included. Never steps; comparable between processes with one `bootId`. */
  bootNow(): number
  /** Names the boot clock: boot id and time-namespace id. Readings under different ids must not be compared. */
  readonly bootId: string
  /** Names the machine across its boots; '' where it has no name. */
  readonly machineId: string
}

/** The part of a boot id that names the running kernel; the rest names a time namespace. */
export function kernelOf(bootId: string): string {
  return bootId.split(':')[0] ?? ''
}

/** A reading of the boot clock is good for so long: a tenth of its step, and some ask thousands of times a second. */
const REREAD_MS = 1

class SystemClock implements Clock {
  /** Open file of /proc/uptime; null where there is none; undefined until first asked. */
  #uptime: number | null | undefined
  #bootId: string | undefined
  #machineId: string | undefined
  #uptimeMs = 0
  /** On the monotonic clock, which goes on while this process is stopped. */
  #uptimeReadAt = Number.NEGATIVE_INFINITY
  readonly #buffer = new Uint8Array(64)
  readonly #decoder = new TextDecoder('latin1')

  wallNow(): number {
    return Date.now()
  }

  /**
   * /proc/uptime is the only boot clock both runtimes can read alike: `process.hrtime` starts at 0 in each Bun process
   * and `os.uptime()` is rounded to whole seconds there. It moves in steps of 10 ms; the kept descriptor makes a
   * reading cost about a microsecond.
   */
  bootNow(): number {
    const file = this.#openUptime()
    if (file === null) return Date.now()
    const now = monotonicMs()
    if (now - this.#uptimeReadAt >= REREAD_MS) {
      const length = readSync(file, this.#buffer, 0, this.#buffer.length, 0)
      this.#uptimeMs = Math.round(Number.parseFloat(this.#decoder.decode(this.#buffer.subarray(0, length))) * 1000)
      this.#uptimeReadAt = now
    }
    return this.#uptimeMs
  }

  get bootId(): string {
    this.#bootId ??= this.#openUptime() === null ? `wall-${hostname()}:0` : `${readBootId()}:${readTimeNamespace()}`
    return this.#bootId
  }

  get machineId(): string {
    this.#machineId ??= readMachineId()
    return this.#machineId
  }

  /**
   * Where there is no /proc (macOS, Windows) the wall clock stands in for the boot clock: its name then says so, it
   * survives a reboot, and a step of the wall clock is the price.
   */
  #openUptime(): number | null {
    if (this.#uptime !== undefined) return this.#uptime
    try {
      readBootId()
      this.#uptime = openSync('/proc/uptime', 'r')
    } catch {
      this.#uptime = null
    }
    return this.#uptime
  }
}

/** Loaded late: hardly any start needs it, and `node:os` takes 0.3 ms of a `produce` that lasts 9. */
function hostname(): string {
  return process.getBuiltinModule('node:os').hostname()
}

function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
}

function readMachineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'latin1').trim()
  } catch {
    return ''
  }
}

/** The number of this process's time namespace (`time:[4026531834]`), which shifts /proc/uptime; '0' on kernels before 5.6. */
function readTimeNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/time'))?.[0] ?? '0'
  } catch {
    return '0'
  }
}

/** The clocks of the host this process runs on. Opens nothing before its first reading. */
export const systemClock: Clock = new SystemClock()

/** Monotonic ms of this process with fractions, for measuring how long something ran. Means nothing to another process. */
export function monotonicMs(): number {
  return performance.now()
}

/** `setTimeout` fires at once for anything longer (2^31 − 1 ms, 24.8 days; HTML standard). */
const LONGEST_TIMER_MS = 2_147_483_647

/** Takes a planned action back; harmless afterwards. */
export type CancelTimer = () => void

/**
 * Runs an action once, later.
 * @param ms delay in ms, any length; below 0 counts as 0
 * @param action what to run
 * @param options keepAlive false: the process may end before the action ran
 * @returns a function that cancels it
 */
export function after(ms: number, action: () => void, options: {readonly keepAlive?: boolean} = {}): CancelTimer {
  let remaining = Math.max(0, ms)
  let timer: NodeJS.Timeout
  const arm = (): void => {
    const step = Math.min(remaining, LONGEST_TIMER_MS)
    remaining -= step
    timer = setTimeout(remaining > 0 ? arm : action, step)
    if (options.keepAlive === false) timer.unref()
  }
  arm()
  return () => clearTimeout(timer)
}

/**
 * Waits.
 * @param ms how long, in ms
 * @param signal ends the wait early
 * @returns after `ms`, or as soon as the signal is aborted; never rejects, so a loop looks at its signal and not at an error
 */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve()
    const finish = (): void => {
      cancel()
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const cancel = after(ms, finish)
    signal?.addEventListener('abort', finish, {once: true})
  })
}

/** Resolves in the next turn of the event loop, after everything that is ready in this one. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** ISO 8601 in UTC with milliseconds, as every JSON document prints times. Throws RangeError if `ms` is no time. */
export function toIso(ms: number): string {
  return new Date(ms).toISOString()
}

const UNITS = {w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1} as const
type Unit = keyof typeof UNITS

/** The longest duration qctl takes: 100 years of 365.25 days. More is a slip of the keyboard. */
export const MAX_DURATION_MS = 36_525 * UNITS.d

/**
 * Reads a duration: `500ms 5s 10m 1h30m 7d 1w`; whole numbers, units falling, each at most once.
 * By hand, because the libraries guess: `ms` and `parse-duration` both read a bare `5` as 5 ms and `-5s` as negative,
 * `parse-duration` also adds up `1h1h` and takes `1e3s`; nothing turns that off.
 * @returns ms, 0 … {@link MAX_DURATION_MS}
 * @throws QctlError usage
 */
export function parseDuration(text: string): number {
  if (/^\d+$/.test(text)) throw new QctlError('usage', `${text} what? write ${text}s, ${text}m or ${text}h`)
  if (/^-\d/.test(text)) throw new QctlError('usage', `a duration cannot be negative: ${JSON.stringify(text)}`)
  const parts = /^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text)
  if (parts === null || text === '') {
    throw new QctlError('usage', `not a duration: ${JSON.stringify(text)}`, {hint: 'write it like 500ms, 5s, 10m, 1h30m, 7d or 1w'})
  }
  const sizes = Object.values(UNITS)
  const total = sizes.reduce((sum, size, index) => sum + Number(parts[index + 1] ?? 0) * size, 0)
  if (total > MAX_DURATION_MS) throw new QctlError('usage', `longer than 100 years: ${JSON.stringify(text)}`)
  return total
}

/** Splits ms ≥ 0 into the given units, largest first, leaving out those that are 0. */
function split(ms: number, units: readonly Unit[]): [number, Unit][] {
  let rest = ms
  const parts: [number, Unit][] = []
  for (const unit of units) {
    const count = Math.floor(rest / UNITS[unit])
    rest -= count * UNITS[unit]
    if (count > 0) parts.push([count, unit])
  }
  return parts
}

/** Weeks are read but not printed: `7d` is what people compare with `30d`. */
const PRINTED = ['d', 'h', 'm', 's', 'ms'] as const satisfies readonly Unit[]

/**
 * The exact, shortest way to write a setting: `30s`, `1h30m`, `7d`, `1s500ms`; 0 is `0s`.
 * `parseDuration(formatDuration(ms)) === ms` for every whole ms from 0 up.
 */
export function formatDuration(ms: number): string {
  return split(Math.max(0, ms), PRINTED).map(([count, unit]) => `${count}${unit}`).join('') || '0s'
}

/** For tables: at most two neighbouring units, cut off and not rounded: `1h23m`, `4m12s`, `12s`, `850ms`, `-3s`. */
export function formatDurationShort(ms: number): string {
  if (ms < 0) return `-${formatDurationShort(-ms)}`
  const index = PRINTED.findIndex((unit) => ms >= UNITS[unit])
  if (index === -1) return '0s'
  const width = ms >= UNITS.m ? 2 : 1
  return split(ms, PRINTED.slice(index, index + width)).map(([count, unit]) => `${count}${unit}`).join('')
}

const LONG_NAMES = {w: 'w', d: 'd', h: 'h', m: 'min', s: 's', ms: 'ms'} as const satisfies Record<Unit, string>

/** For sentences with an upper bound: two units, rounded up: 4 965 000 ms is `1 h 23 min`. */
export function formatDurationLong(ms: number): string {
  const index = PRINTED.findIndex((unit) => ms >= UNITS[unit])
  if (index === -1) return '0 s'
  const units = PRINTED.slice(index, index + (ms >= UNITS.m ? 2 : 1))
  const smallest = UNITS[units.at(-1) ?? 'ms']
  const rounded = Math.ceil(ms / smallest) * smallest
  // 59 min 59.5 s rounds up to 60 min, which is the next unit's first.
  const shown = split(rounded, PRINTED)
  return shown.slice(0, 2).map(([count, unit]) => `${count} ${LONG_NAMES[unit]}`).join(' ')
}
