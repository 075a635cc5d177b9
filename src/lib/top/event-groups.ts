import type {StoreEvent} from '../store-event.ts'

/** What somebody did to several jobs at once. It has the id and the job of the newest. */
export interface EventGroup extends StoreEvent {
  readonly count: number
}

/** A bulk act goes through its jobs in steps. */
const TOGETHER_MS = 2000

/** Puts together what was done in one go; newest first, as it comes. */
export function grouped(events: readonly StoreEvent[]): readonly EventGroup[] {
  const groups: EventGroup[] = []
  let last: StoreEvent | null = null
  for (const event of events) {
    const group = groups.at(-1)
    if (last !== null && group !== undefined && isSameAct(last, event)) groups[groups.length - 1] = {...group, count: group.count + 1}
    else groups.push({...event, count: 1})
    last = event
  }
  return groups
}

/** Compared with its neighbour, so that a long one stays together. */
function isSameAct(one: StoreEvent, other: StoreEvent): boolean {
  return one.jobId !== null && other.jobId !== null && one.queue === other.queue && one.actor === other.actor && one.reason === other.reason && one.from === other.from && one.to === other.to && one.at - other.at < TOGETHER_MS
}
