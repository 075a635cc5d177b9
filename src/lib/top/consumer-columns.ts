import type {BusyConsumer} from '../cli/consumer-json.ts'
import type {Column} from '../cli/columns.ts'
import {formatDurationShort} from '../time.ts'
import {formatSizeShort} from '../units.ts'
import {consumerColumns} from './columns.ts'
import type {TreeLoad} from './process-trees.ts'

/** A consumer and what its processes use, where that can be seen. */
export interface LoadedConsumer extends BusyConsumer {
  readonly load: TreeLoad | null
}

/** Where the columns of the processes stand among the others. */
const BEFORE = 'processed'

/**
 * How consumers are listed on a screen of their own.
 * @param now UTC ms
 */
export function loadedColumns(now: number): readonly Column<LoadedConsumer>[] {
  const all: readonly Column<LoadedConsumer>[] = consumerColumns(now)
  const at = all.findIndex(({key}) => key === BEFORE)
  return [
    ...all.slice(0, at),
    {key: 'cpu', title: 'CPU', value: ({load}) => shareText(load), align: 'right', spare: true},
    {key: 'rss', title: 'RSS', value: ({load}) => (load === null ? '-' : formatSizeShort(load.rssBytes)), align: 'right', spare: true},
    {key: 'beat', title: 'BEAT', value: consumer => beatText(consumer, now), align: 'right', spare: true},
    ...all.slice(at),
  ]
}

/** How much of a processor: `63%`. */
export function shareText(load: TreeLoad | null): string {
  return load === null || load.cpuShare === null ? '-' : `${Math.round(load.cpuShare * 100)}%`
}

/** How long ago a consumer last gave a sign of life to the store; one that holds nothing owes none. */
export function beatText({held, extendedAt}: BusyConsumer, now: number): string {
  const [first] = held
  if (first === undefined) return 'idle'
  return formatDurationShort(Math.max(0, now - Math.max(extendedAt ?? 0, first.startedAt)))
}
