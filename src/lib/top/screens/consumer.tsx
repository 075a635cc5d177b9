import type {ReactNode} from 'react'
import {aliveOf, type BusyConsumer} from '../../cli/consumer-json.ts'
import type {Column} from '../../cli/columns.ts'
import type {Job} from '../../job.ts'
import type {Held} from '../../storage/storage.ts'
import {formatDurationShort} from '../../time.ts'
import {formatSizeShort} from '../../units.ts'
import {type Fact, FactLines} from '../components/facts.tsx'
import {Line} from '../components/line.tsx'
import {Rule} from '../components/rule.tsx'
import {Table} from '../components/table.tsx'
import {beatText, type LoadedConsumer, shareText} from '../consumer-columns.ts'
import {type Cursor, cursorAt, listKeys, type ListOf} from '../list.ts'
import {defineScreen, type Moment, type Move} from '../screen.ts'
import {clockTime, grouped} from '../shown.ts'
import type {Sources} from '../sources.ts'
import {openJobKey} from './job-own.ts'

interface Own {
  readonly id: number
  readonly name: string
  /** The job in its hands that is under the cursor. */
  readonly job: Cursor | null
}

interface Facts {
  /** `null` when its registration has ended. */
  readonly consumer: LoadedConsumer | null
  /** What it ran last, as far as the newest jobs show. */
  readonly last: readonly Job[]
}

const LAST = 20
/** So many of the newest jobs are looked at: no index knows who ran them. */
const SCAN = 1000

const JOBS: ListOf<Own, Facts, Held> = {
  rows: ({consumer}) => consumer?.held ?? [],
  idOf: ({id}) => String(id),
  cursor: ({job}) => job,
  withCursor: (own, job) => ({...own, job}),
}

/** To one consumer. */
export function openConsumer({id, name}: Pick<BusyConsumer, 'id' | 'name'>): Move<never> {
  return {kind: 'open', screen: 'consumer', own: {id, name, job: null} satisfies Own}
}

/** All about one consumer. */
export const CONSUMER = defineScreen<Own, Facts>({
  id: 'consumer',
  title: 'Consumer',
  digit: null,
  start: {id: 0, name: '', job: null},
  keys: [
    openJobKey(JOBS),
    ...listKeys(JOBS),
  ],
  async look({id, name}, sources) {
    const [consumers, last] = await Promise.all([sources.consumers(), lastOf(name, sources)])
    const consumer = consumers.find(one => one.id === id)
    if (consumer === undefined) return {consumer: null, last}
    const {pid} = consumer.process
    const load = aliveOf(consumer) === 'yes' ? (sources.beside.trees.look([pid]).get(pid) ?? null) : null
    return {consumer: {...consumer, load}, last}
  },
  View: ConsumerView,
})

async function lastOf(name: string, {session}: Sources): Promise<readonly Job[]> {
  const filter = {kind: 'text', field: 'consumer', op: 'in', values: [name]} as const
  const {jobs} = await session.inspector.list({filter, limit: LAST, scanLimit: SCAN})
  return jobs.filter(({state}) => state !== 'processing')
}

function ConsumerView({own, facts, at, frame}: Moment<Own, Facts>): ReactNode {
  const {columns: width, rows: height} = frame
  if (facts === null) return <Line words=" looking ..." width={width} tone="dim" />
  const {consumer, last} = facts
  const about = consumer === null ? [] : factsOf(consumer, at)
  const held = consumer?.held ?? []
  const room = Math.max(2, height - about.length - 3)
  const forHeld = held.length === 0 ? 0 : Math.min(held.length + 1, Math.max(2, Math.floor(room / 2)))
  return (
    <>
      <Rule width={width} title={`Consumer ${own.name}`} />
      {consumer === null ? <Line words=" It has ended. Esc goes back." width={width} /> : <FactLines facts={about} width={width} height={about.length} />}
      <Rule width={width} title={held.length === 0 ? 'It has no job now' : `Jobs in hand ${held.length}`} />
      <Table columns={heldColumns(at)} rows={held} width={width} height={forHeld} cursor={cursorAt(held, JOBS.idOf, own.job)} />
      <Rule width={width} title={last.length === 0 ? 'Nothing of the newest jobs was run by it' : 'Run last'} />
      {last.length === 0 ? null : <Table columns={LAST_COLUMNS} rows={last} width={width} height={room - forHeld} />}
    </>
  )
}

function factsOf(consumer: LoadedConsumer, now: number): readonly Fact[] {
  const {process, queues, concurrency, jobs, startedAt, processed, failed, leaving, load} = consumer
  const alive = aliveOf(consumer)
  const state = `${{yes: 'lives', no: 'is dead', unknown: 'cannot be seen from here'}[alive]}${leaving ? ', takes no more' : ''}; last sign of life: ${beatText(consumer, now)}`
  return [
    ['process', `pid ${process.pid} on ${process.host}, ${state}`],
    ['serves', `${queues.join(', ')} with ${concurrency} ${concurrency === 1 ? 'slot' : 'slots'}, ${jobs} busy`],
    ['since', `${clockTime(startedAt)}, ${formatDurationShort(Math.max(0, now - startedAt))} ago`],
    ['runs', `${grouped(processed)} ended, ${grouped(failed)} of them badly`],
    ['uses', load === null ? 'not known here' : `${shareText(load)} of a processor, ${formatSizeShort(load.rssBytes)} in ${load.processes} processes`],
  ]
}

function heldColumns(now: number): readonly Column<Held>[] {
  return [
    {key: 'id', title: 'ID', value: ({id}) => id, align: 'right'},
    {key: 'queue', title: 'QUEUE', value: ({queue}) => queue},
    {key: 'attempt', title: 'ATT', value: ({attempt}) => attempt, align: 'right'},
    {key: 'for', title: 'FOR', value: ({startedAt}) => formatDurationShort(Math.max(0, now - startedAt)), align: 'right'},
    {key: 'lease', title: 'LEASE', value: ({leaseExpired}) => (leaseExpired ? 'expired' : 'kept'), style: ({leaseExpired}) => (leaseExpired ? 'red' : null)},
    {key: 'asked', title: 'ASKED', value: ({requested}) => requested},
  ]
}

const LAST_COLUMNS: readonly Column<Job>[] = [
  {key: 'id', title: 'ID', value: ({id}) => id, align: 'right'},
  {key: 'queue', title: 'QUEUE', value: ({queue}) => queue},
  {key: 'state', title: 'STATE', value: ({state}) => state, style: ({state}) => (state === 'failed' ? 'red' : null)},
  {key: 'took', title: 'TOOK', value: ({runMs}) => (runMs === null ? '-' : formatDurationShort(runMs)), align: 'right'},
  {key: 'at', title: 'CHANGED', value: ({updatedAt}) => clockTime(updatedAt)},
  {key: 'error', title: 'ERROR', value: ({error}) => error, free: true},
]
