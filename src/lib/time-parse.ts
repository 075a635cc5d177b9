/**
 * Times as people write and read them, in the local zone. Apart from time.ts because few commands need it.
 *
 * By hand, because the libraries guess: chrono-node takes 130 ms to import and, asked to be strict, reads `tomorrow 9:00`
 * as today; a queue must refuse what it does not know, and `Date` already knows the zones.
 */
import {QctlError} from './errors.ts'
import {parseDuration} from './time.ts'

/**
 * Which one is meant where a text names a time that comes again: `18:30`, `mon 9:00`.
 * `future`: the next after now (a delay); `past`: the last before now (a search).
 */
export type Toward = 'future' | 'past'

const FORMS =
  'write it like 2026-12-01T18:30:00Z, 2026-12-01, "2026-12-01 18:30", 18:30, "tomorrow 9:00", "mon 9:00", now, now+10m or -1h'

/** The last ms of the year 9999, the last one that RFC 3339 can write. */
const MAX_TIME_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']
const DAYS = {yesterday: -1, today: 0, tomorrow: 1} as const

interface CalendarDay {
  readonly year: number
  /** 0…11, as in Date. */
  readonly month: number
  /** May lie outside the month: Date counts on. */
  readonly day: number
}

interface TimeOfDay {
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly ms: number
}

const MIDNIGHT: TimeOfDay = {hour: 0, minute: 0, second: 0, ms: 0}

/**
 * Reads a time: RFC 3339, `2026-12-01`, `2026-12-01 18:30`, `18:30`, `today|tomorrow|yesterday 9:00`, `mon 9:00`, `now`, `now+10m`,
 * `now-1h`, `-1h`. Without a zone the local one is meant.
 * @param text what was written
 * @param now UTC ms
 * @param toward which `18:30` or `mon 9:00` is meant; default `future`
 * @returns UTC ms between 1970 and 9999
 * @throws QctlError usage, also for a day that does not exist and for an hour that the clocks skip
 */
export function parseTime(text: string, now: number, toward: Toward = 'future'): number {
  const fixed = parseRelative(text, now) ?? parseRfc3339(text) ?? parseLocalDate(text)
  const time = fixed ?? parseNamedDay(text, now, toward) ?? parseClock(text, now, toward)
  if (time === null) throw refuse(text, 'not a time')
  if (!Number.isFinite(time) || time < 0 || time > MAX_TIME_MS) throw refuse(text, 'not between 1970 and 9999')
  return time
}

function refuse(text: string, why: string): QctlError {
  return new QctlError('usage', `${why}: ${JSON.stringify(text)}`, {hint: FORMS})
}

/** `now`, `now+10m`, `now-1h`, `-1h`. */
function parseRelative(text: string, now: number): number | null {
  if (text === 'now') return now
  const [, sign, duration] = /^(?:now([+-])|(?=-))(.+)$/.exec(text) ?? []
  if (duration === undefined) return null
  if (sign === undefined) return now - parseDuration(duration.slice(1))
  return sign === '+' ? now + parseDuration(duration) : now - parseDuration(duration)
}

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

/** With a zone. A leap second is refused: UTC ms cannot say it. */
function parseRfc3339(text: string): number | null {
  const parts = RFC_3339.exec(text)
  if (parts === null) return null
  const [, year, month, day, hour, minute, second, fraction, sign, offsetHours, offsetMinutes] = parts
  const date = calendarDay(text, year, month, day)
  const clock = timeOfDay(text, hour, minute, second, fraction)
  if (Number(offsetHours ?? 0) > 23 || Number(offsetMinutes ?? 0) > 59) throw refuse(text, 'no such offset')
  const offset = (Number(offsetHours ?? 0) * 60 + Number(offsetMinutes ?? 0)) * 60_000
  const utc = Date.UTC(date.year, date.month, date.day, clock.hour, clock.minute, clock.second, clock.ms)
  return sign === '-' ? utc + offset : utc - offset
}

/** `2026-12-01`, `2026-12-01 18:30`, `2026-12-01T18:30:05.250`: no zone, so the local one. */
function parseLocalDate(text: string): number | null {
  const parts = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](.+))?$/.exec(text)
  if (parts === null) return null
  const [, year, month, day, clock] = parts
  return local(text, calendarDay(text, year, month, day), clock === undefined ? null : readClock(text, clock))
}

/** `tomorrow`, `tomorrow 9:00`, `mon 9:00`, `monday`. */
function parseNamedDay(text: string, now: number, toward: Toward): number | null {
  const [, word, clock] = /^([a-z]+)(?: (.+))?$/.exec(text.toLowerCase()) ?? []
  if (word === undefined) return null
  const time = clock === undefined ? null : readClock(text, clock)
  if (Object.hasOwn(DAYS, word)) return local(text, dayFrom(now, DAYS[word as keyof typeof DAYS]), time)
  const weekday = WEEKDAYS.findIndex((name) => name === word || name.slice(0, 3) === word)
  if (weekday === -1) return null
  const ahead = (weekday - new Date(now).getDay() + 7) % 7
  return nearestOf(now, toward, (weeks) => local(text, dayFrom(now, ahead + 7 * weeks), time))
}

/** `18:30`, `18:30:05`. */
function parseClock(text: string, now: number, toward: Toward): number | null {
  if (!/^\d{1,2}:/.test(text)) return null
  const time = readClock(text, text)
  return nearestOf(now, toward, (days) => local(text, dayFrom(now, days), time))
}

/** Of times that come again, counted in periods from now's: the next one after now, or the last one not after it. */
function nearestOf(now: number, toward: Toward, at: (period: number) => number): number {
  const current = at(0)
  if (toward === 'future') return current > now ? current : at(1)
  return current <= now ? current : at(-1)
}

function dayFrom(now: number, days: number): CalendarDay {
  const date = new Date(now)
  return {year: date.getFullYear(), month: date.getMonth(), day: date.getDate() + days}
}

/** Refuses days that do not exist, which Date would turn into others: 2026-02-29 into March 1. */
function calendarDay(text: string, year = '', month = '', day = ''): CalendarDay {
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  // Date.UTC reads the years 0 to 99 as 1900 to 1999, so compare the year too.
  if (date.getUTCFullYear() !== Number(year) || date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) {
    throw refuse(text, 'no such day')
  }
  return {year: Number(year), month: Number(month) - 1, day: Number(day)}
}

function readClock(text: string, clock: string): TimeOfDay {
  const parts = /^(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d+))?)?$/.exec(clock)
  if (parts === null) throw refuse(text, 'not a time')
  return timeOfDay(text, parts[1], parts[2], parts[3], parts[4])
}

function timeOfDay(text: string, hour = '0', minute = '0', second = '0', fraction = '0'): TimeOfDay {
  const time = {hour: Number(hour), minute: Number(minute), second: Number(second), ms: Number(fraction.padEnd(3, '0').slice(0, 3))}
  if (time.hour > 23 || time.minute > 59 || time.second > 59) throw refuse(text, 'no such time of day')
  return time
}

/**
 * A local calendar time as UTC ms. Where the clocks go back and it happens twice, the first one.
 * @param time null: the day as such, which begins at 01:00 where the clocks skip midnight
 */
function local(text: string, {year, month, day}: CalendarDay, time: TimeOfDay | null): number {
  const {hour, minute, second, ms} = time ?? MIDNIGHT
  const date = new Date(year, month, day, hour, minute, second, ms)
  if (time !== null && (date.getHours() !== hour || date.getMinutes() !== minute)) {
    throw refuse(text, 'the clocks skip this time when they go forward')
  }
  return date.getTime()
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** For people: local time with its offset, `2026-12-01 18:30:00+01:00`; {@link parseTime} reads it back, to the second. */
export function formatTime(ms: number): string {
  const date = new Date(ms)
  const offset = -date.getTimezoneOffset()
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`
  return `${day} ${clock}${zone}`
}
