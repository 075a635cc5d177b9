import {QctlError} from '../errors.ts'
import {METER_KEPT_MS} from '../meter.ts'
import type {Inspector} from '../queue/inspector.ts'
import type {Storage} from '../storage/storage.ts'
import {formatDuration, parseDuration, systemClock} from '../time.ts'
import {TREND_WINDOW_MS} from '../trend.ts'
import type {FlagTable, FlagValues} from './flags.ts'
import type {Printer} from './print.ts'
import {prometheusText} from './prometheus.ts'
import {existingQueue} from './queue-command.ts'
import {repaint} from './repaint.ts'
import {STATS_LIST, statsRows, sumRow} from './stats-list.ts'
import {parseName} from './values.ts'

const DEFAULT_WINDOW_MS = 5 * 60_000
/** A busy store changes a thousand times a second; figures by the minute need not be read as often. */
const PAUSE_MS = 1000

/** For `stats`. */
export const STATS_FLAGS = {
  queue: {kind: 'list', commas: true, char: 'Q', shape: 'A,B', parse: parseName, summary: 'only these queues'},
  since: {
    kind: 'value',
    shape: 'DURATION',
    parse: parseWindow,
    summary: 'how far back rates and times look [default: 5m; most: 24h]',
    exclusive: ['prometheus'],
  },
  watch: {kind: 'switch', char: 'w', summary: 'print again and again until interrupted', exclusive: ['prometheus']},
  prometheus: {
    kind: 'switch',
    summary: "print everything in Prometheus' text format, for a scrape or the textfile collector",
    exclusive: ['json', 'output', 'columns'],
  },
} as const satisfies FlagTable
type StatsFlags = FlagValues<typeof STATS_FLAGS>

function parseWindow(text: string): number {
  const ms = parseDuration(text)
  if (ms < 60_000 || ms > METER_KEPT_MS) {
    throw new QctlError('usage', `must be from 1m to ${formatDuration(METER_KEPT_MS)}: it is counted by the minute, and kept for a day`)
  }
  return ms
}

/** What showing figures needs. */
export interface Surroundings {
  readonly inspector: Pick<Inspector, 'stats'>
  readonly storage: Storage
  readonly print: Printer
  readonly signal: () => AbortSignal
}

/** Prints queues in figures: once, again and again, or for Prometheus. */
export async function showStats(flags: StatsFlags, {inspector, storage, print, signal}: Surroundings): Promise<void> {
  const names = flags.queue
  for (const name of names ?? []) await existingQueue(name, storage)
  const which = names === undefined ? {} : {names}
  if (flags.prometheus) {
    const [queues, consumers, info] = await Promise.all([inspector.stats({...which, since: null}), storage.consumers(), storage.info()])
    print.raw(prometheusText({queues, consumers, info}))
    return
  }
  const draw = async (): Promise<void> => {
    const now = systemClock.wallNow()
    const stretch = {since: now - (flags.since ?? DEFAULT_WINDOW_MS), now}
    const known = Math.min(stretch.since, now - TREND_WINDOW_MS)
    const [queues, consumers] = await Promise.all([inspector.stats({...which, since: known}), storage.consumers()])
    const rows = statsRows(queues, consumers, stretch)
    const isTable = print.output === 'table' || print.output === 'wide'
    const all = isTable && queues.length > 1 ? [...rows, sumRow(queues, stretch)] : rows
    await print.list({items: all, next: null, searched: null}, STATS_LIST)
  }
  if (!flags.watch) return draw()
  await repaint({storage, print, signal: signal(), pauseMs: PAUSE_MS}, draw)
}
