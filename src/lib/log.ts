/** Log lines of the daemon roles, on stderr: text for people on a terminal, one JSON object per line otherwise. */
import {isatty} from 'node:tty'
import type {LogFormat} from './config.ts'
import {openSink} from './log-sink.ts'
import type {LogSink} from './log-sink.ts'
import {escapeJson, safeText} from './safe-text.ts'
import {monotonicMs, systemClock, toIso} from './time.ts'
import type {Clock} from './time.ts'
import {formatTime} from './time-parse.ts'

/** Most important first. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export type LogValue = string | number | boolean | null

/** Facts of a line, in the order given; snake_case names. `ts`, `level` and `msg` are taken. */
export type LogFields = Readonly<Record<string, LogValue | readonly LogValue[] | undefined>>

export interface LogOptions {
  readonly format: 'text' | 'json'
  /** Lines less important than this are not written. */
  readonly level: LogLevel
  readonly sink: LogSink
  readonly clock: Clock
}

/**
 * Longer texts are cut. It keeps a line below 4096 bytes as a rule, which the kernel writes to a pipe in one piece even
 * when several processes share it (PIPE_BUF, pipe(7)).
 */
const MAX_TEXT_LENGTH = 1000

/** Writes log lines. No method throws or waits; what a blocked log loses is counted and said once it flows again. */
export class Log {
  readonly #options: LogOptions
  #dropped = 0

  constructor(options: LogOptions) {
    this.#options = options
  }

  error(message: string, fields: LogFields = {}): void {
    this.#write('error', message, fields)
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#write('warn', message, fields)
  }

  info(message: string, fields: LogFields = {}): void {
    this.#write('info', message, fields)
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#write('debug', message, fields)
  }

  /** Waits, at most `limitMs`, until what was logged is written, and says what was lost. To be called before the process exits. */
  async flush(limitMs = 1000): Promise<void> {
    const {sink} = this.#options
    const begin = monotonicMs()
    await sink.flush(limitMs)
    if (this.#dropped === 0) return
    if (sink.write(this.#dropNotice())) this.#dropped = 0
    await sink.flush(limitMs - (monotonicMs() - begin))
  }

  /** Whether lines of that importance are written: then it is worth making one. */
  writes(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(this.#options.level)
  }

  #write(level: LogLevel, message: string, fields: LogFields): void {
    const {sink} = this.#options
    if (!this.writes(level)) return
    const line = this.#line(level, message, fields)
    // In one piece with the line, so that a nearly full pipe does not fill up with this sentence alone.
    const notice = this.#dropped === 0 ? '' : this.#dropNotice()
    this.#dropped = sink.write(notice + line) ? 0 : this.#dropped + 1
  }

  #dropNotice(): string {
    return this.#line('warn', 'log lines dropped', {count: this.#dropped})
  }

  #line(level: LogLevel, message: string, fields: LogFields): string {
    const {format, clock} = this.#options
    const line = format === 'json' ? jsonLine : textLine
    return `${line(clock.wallNow(), level, message, fields)}\n`
  }
}

/**
 * The log of this process.
 * @param format `auto` looks whether stderr is a terminal
 * @param level the least important level that is written
 */
export function openLog(format: LogFormat, level: LogLevel): Log {
  const resolved = format === 'auto' ? (isatty(2) ? 'text' : 'json') : format
  return new Log({format: resolved, level, sink: openSink(2), clock: systemClock})
}

function cut(text: string): string {
  return text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text
}

/** `2026-11-22 06:49:01 info  job done job=42 queue=mail error="exit 1"` */
function textLine(now: number, level: LogLevel, message: string, fields: LogFields): string {
  const facts = Object.entries(fields).flatMap(([name, value]) => (isNothing(value) ? [] : [` ${name}=${textValue(value)}`]))
  // The offset is left out: who watches a terminal knows the zone.
  return `${formatTime(now).slice(0, 19)} ${level.padEnd(5)} ${safeText(cut(message))}${facts.join('')}`
}

/**
 * What a line of a log in JSON says, as people read it on a terminal.
 * @returns `null` for any other text
 */
export function loggedText(line: string): string | null {
  if (!line.startsWith('{"ts":')) return null
  try {
    const {ts, level, msg, ...fields} = JSON.parse(line) as Readonly<Record<string, unknown>>
    const known = LOG_LEVELS.find(name => name === level)
    const at = Date.parse(String(ts))
    return known === undefined || typeof msg !== 'string' || Number.isNaN(at) ? null : textLine(at, known, msg, fields as LogFields)
  } catch {
    return null
  }
}

/** What a person need not read: a fact that is absent, or a count or delay of nothing. */
function isNothing(value: LogFields[string]): value is null | undefined | 0 {
  return value === undefined || value === null || value === 0
}

function textValue(value: LogValue | readonly LogValue[]): string {
  const text = safeText(cut(Array.isArray(value) ? value.join(',') : String(value)))
  return /^[^\s"=]+$/.test(text) ? text : `"${text.replaceAll('"', '\\"')}"`
}

function jsonLine(now: number, level: LogLevel, message: string, fields: LogFields): string {
  const text = JSON.stringify({ts: toIso(now), level, msg: message, ...fields}, (_, value: unknown) =>
    typeof value === 'string' ? cut(value) : value,
  )
  return escapeJson(text)
}
