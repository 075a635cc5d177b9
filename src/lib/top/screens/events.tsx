import type {ReactNode} from 'react'
import type {Column} from '../../cli/columns.ts'
import {Line} from '../components/line.tsx'
import {Rule} from '../components/rule.tsx'
import {Table} from '../components/table.tsx'
import {type EventGroup, grouped} from '../event-groups.ts'
import {type Cursor, cursorAt, listKeys, type ListOf, openKey, rowUnder} from '../list.ts'
import {defineScreen, type Moment} from '../screen.ts'
import {clockTime, dayTime, short} from '../shown.ts'
import {openJob} from './job-own.ts'
import {openQueue} from './queue.tsx'

interface Own {
  /** The event under the cursor; `null` = the newest, whichever that is. */
  readonly event: Cursor | null
}

interface Facts {
  readonly events: readonly EventGroup[]
  /** How many single ones they are. */
  readonly count: number
}

/** As many as one look may cost. */
const NEWEST = 2000

const EVENTS: ListOf<Own, Facts, EventGroup> = {
  rows: ({events}) => events,
  idOf: ({id}) => String(id),
  cursor: ({event}) => event,
  withCursor: (_own, event) => ({event}),
}

/** What people and the reaper did to jobs. */
export const EVENTS_SCREEN = defineScreen<Own, Facts>({
  id: 'events',
  title: 'Events',
  digit: '6',
  start: {event: null},
  keys: [
    openKey(EVENTS, 'the job, or the queue, that it happened to', ({jobId, queue}) => (jobId === null ? openQueue(queue) : openJob(jobId))),
    {
      keys: ['y'],
      label: 'copy id',
      help: 'copy the id of the job, or the name of the queue',
      press: moment => {
        const event = rowUnder(EVENTS, moment)
        return event === null ? [] : {kind: 'copy', text: event.jobId === null ? event.queue : String(event.jobId)}
      },
    },
    {keys: ['f'], label: 'follow', help: 'back to the newest, and stay there', press: () => ({kind: 'own', own: {event: null}})},
    ...listKeys(EVENTS),
  ],
  async look(_own, {session, names}) {
    const {events} = await session.storage.info({events: NEWEST})
    const wanted = names === null ? events : events.filter(({queue}) => names.includes(queue))
    return {events: grouped(wanted), count: events.length}
  },
  View: Events,
})

function Events({own, facts, at, frame}: Moment<Own, Facts>): ReactNode {
  const {columns: width, rows: height} = frame
  if (facts === null) return <Line words=" looking ..." width={width} tone="dim" />
  const {events, count} = facts
  const title = `Events, newest first${count === NEWEST ? `: the newest ${NEWEST}` : ''}${own.event === null ? ', follows' : ''}`
  return (
    <>
      <Rule width={width} title={title} />
      <Table columns={columns(at)} rows={events} width={width} height={height - 1} cursor={cursorAt(events, EVENTS.idOf, own.event)} empty="nobody has changed a job by hand, and the reaper had nothing to do" />
    </>
  )
}

function columns(now: number): readonly Column<EventGroup>[] {
  const today = new Date(now).toDateString()
  return [
    {key: 'at', title: 'WHEN', value: ({at}) => (new Date(at).toDateString() === today ? clockTime(at) : dayTime(at))},
    {key: 'job', title: 'JOB', value: ({jobId, count}) => (count === 1 ? jobId : `${short(count)} jobs`), align: 'right'},
    {key: 'queue', title: 'QUEUE', value: ({queue}) => queue},
    {key: 'who', title: 'WHO', value: ({actor}) => actor, style: () => 'bold'},
    {key: 'what', title: 'WHAT', value: ({jobId, from, to}) => (jobId === null ? 'queue' : from === to ? (to ?? '') : `${from ?? 'new'} > ${to ?? 'gone'}`)},
    {key: 'why', title: 'WHY', value: ({reason}) => reason, free: true},
  ]
}
