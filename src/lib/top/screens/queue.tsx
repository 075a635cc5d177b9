import type {ReactNode} from 'react'
import {formatDuration, formatDurationLong, formatDurationShort} from '../../time.ts'
import {formatCounted} from '../../cli/queue-list.ts'
import type {Column} from '../../cli/columns.ts'
import type {BusyConsumer} from '../../cli/consumer-json.ts'
import type {Job} from '../../job.ts'
import {formatBackoff, retryWindowMs} from '../../queue/backoff.ts'
import type {Spread} from '../../queue/figures.ts'
import {and} from '../../queue/filter.ts'
import type {QueueStats} from '../../stats.ts'
import {formatSize} from '../../units.ts'
import {type Fact, FactLines} from '../components/facts.tsx'
import {HandLine} from '../components/hand-line.tsx'
import {Line} from '../components/line.tsx'
import {graphMinutes, Pulse, PULSE_LINES, shownMs} from '../components/pulse.tsx'
import {Rule} from '../components/rule.tsx'
import {Table} from '../components/table.tsx'
import {graphsOf, totalRow} from '../figures.ts'
import {useTheme} from '../hooks/use-theme.ts'
import {type Cursor, cursorAt, listKeys, type ListOf} from '../list.ts'
import {queueKeys} from '../queue-keys.ts'
import {defineScreen, type Moment, type Move} from '../screen.ts'
import {handKey} from '../show-hand.ts'
import {clockTime, grouped, rate} from '../shown.ts'
import type {Sources} from '../sources.ts'
import {openJobKey} from './job-own.ts'

interface Own {
  readonly name: string
  /** The job under the cursor. */
  readonly job: Cursor | null
}

interface Facts {
  /** `null` when it is gone. */
  readonly queue: QueueStats | null
  readonly consumers: readonly BusyConsumer[]
  readonly oldest: readonly Job[]
  readonly inHand: number | null
}

const OLDEST = 5
/** Enough where few jobs wait; of very many the oldest are not looked for. */
const SCAN = 2000

const JOBS: ListOf<Own, Facts, Job> = {
  rows: ({oldest}) => oldest,
  idOf: ({id}) => String(id),
  cursor: ({job}) => job,
  withCursor: (own, job) => ({...own, job}),
}

/** To one queue. */
export function openQueue(name: string): Move<never> {
  return {kind: 'open', screen: 'queue', own: {name, job: null} satisfies Own}
}

/** All about one queue. */
export const QUEUE = defineScreen<Own, Facts>({
  id: 'queue',
  title: 'Queue',
  digit: null,
  start: {name: '', job: null},
  keys: [
    openJobKey(JOBS),
    ...queueKeys(({facts}: Moment<Own, Facts>) => facts?.queue ?? null),
    handKey(({inHand}) => inHand),
    ...listKeys(JOBS),
  ],
  async look({name}, sources) {
    const [queues, consumers, oldest] = await Promise.all([sources.stats(), sources.consumers(), oldestOf(name, sources)])
    return {
      queue: queues.find(queue => queue.name === name) ?? null,
      consumers: consumers.filter(({queues: served}) => served.includes(name)),
      oldest,
      inHand: sources.beside.hand.view.job?.lease.id ?? null,
    }
  },
  View: QueueView,
})

async function oldestOf(name: string, {session}: Sources): Promise<readonly Job[]> {
  const filter = and({kind: 'text', field: 'queue', op: 'in', values: [name]}, {kind: 'state', states: ['pending']})
  const {jobs} = await session.inspector.list({filter, order: {field: 'id', descending: false}, limit: OLDEST, scanLimit: SCAN})
  return jobs
}

function QueueView({own, facts, at, frame}: Moment<Own, Facts>): ReactNode {
  const {glyphs} = useTheme()
  const {columns: width, rows: height} = frame
  if (facts === null) return <Line words=" looking ..." width={width} tone="dim" />
  const {queue, consumers, oldest, inHand} = facts
  if (queue === null) return <Line words={` There is no queue ${own.name} any more. Esc goes back.`} width={width} />
  const settings = factsOf(queue, consumers, at)
  const forHand = inHand === null ? 0 : 1
  const state = queue.paused ? [{text: `${glyphs.paused} paused`, tone: 'paused'} as const, queue.pausedReason === null ? '' : `: ${queue.pausedReason}`] : 'active'
  // Graphs only where all the rest has room.
  const hasPulse = height >= settings.length + OLDEST + PULSE_LINES + 4 + forHand
  const room = height - (hasPulse ? PULSE_LINES : 0) - 2 - forHand
  const forOldest = Math.min(oldest.length === 0 ? 0 : oldest.length + 1, Math.max(2, room - settings.length - 1))
  return (
    <>
      <Rule width={width} title={`Queue ${queue.name}`} />
      {hasPulse ? <Pulse total={totalRow([queue], at)} graphs={graphsOf([queue], graphMinutes(width), at)} now={at} width={width} /> : null}
      <FactLines facts={[['state', state], ...settings]} width={width} height={room - forOldest} />
      <Rule width={width} title={oldest.length === 0 ? 'Nothing waits' : `Oldest ${oldest.length} of ${grouped(queue.counts.pending)} pending`} />
      {oldest.length === 0 ? null : <Table columns={oldestColumns(at)} rows={oldest} width={width} height={forOldest} cursor={cursorAt(oldest, JOBS.idOf, own.job)} />}
      <HandLine inHand={inHand} width={width} />
    </>
  )
}

/** What a handler's exit status means when its consumer was not told otherwise. */
const ON_EXIT = '0 done, 65 failed, 75 later, 78 pause, 126/127 x3 pause, else retry'

function factsOf(queue: QueueStats, consumers: readonly BusyConsumer[], now: number): readonly Fact[] {
  const {counts, scheduled, settings, oldestPendingMs} = queue
  const {retention, backoff, maxAttempts} = settings
  const kept = (ms: number | null): string => (ms === null ? 'for ever' : formatDuration(ms))
  const window = maxAttempts === 1 ? 'gives up at once' : `gives up after at most ${formatDurationLong(retryWindowMs(backoff, maxAttempts))}`
  const {addedRate, doneRate, badRate, wait, run} = totalRow([queue], now).figures
  const slots = consumers.reduce((sum, {concurrency}) => sum + concurrency, 0)
  return [
    ['pending', `${grouped(counts.pending)}, ${formatCounted(scheduled)} of them scheduled${oldestPendingMs === null ? '' : `; the oldest has waited ${formatDurationShort(oldestPendingMs)}`}`],
    ['processing', `${grouped(counts.processing)} of ${settings.concurrency === null ? 'no limit' : `at most ${settings.concurrency}`}; ${consumers.length} ${consumers.length === 1 ? 'consumer' : 'consumers'} with ${slots} slots`],
    ['finished', `${grouped(counts.done)} done, ${grouped(counts.failed)} failed, ${grouped(counts.cancelled)} cancelled`],
    ['per minute', `${rate(addedRate)} in, ${rate(doneRate)} done, ${rate(badRate)} bad`],
    ['wait', spread(wait)],
    ['run', spread(run)],
    ['attempts', `${maxAttempts}, ${window}`],
    ['backoff', `${formatBackoff(backoff)}; ${settings.crashLimit} crashes are poison`],
    ['limits', `lease ${formatDuration(settings.leaseMs)}, timeout ${settings.timeoutMs === null ? 'none' : formatDuration(settings.timeoutMs)}, payload ${formatSize(settings.maxPayloadBytes)}, key window ${formatDuration(settings.keyWindowMs)}`],
    ['on exit', ON_EXIT],
    ['retention', `done ${kept(retention.doneMs)}, failed ${kept(retention.failedMs)}, cancelled ${kept(retention.cancelledMs)}; dead letter ${settings.deadLetter ?? 'none'}`],
  ]
}

function spread({p50Ms, p95Ms, p99Ms, maxMs}: Spread): string {
  return `p50 ${shownMs(p50Ms)}  p95 ${shownMs(p95Ms)}  p99 ${shownMs(p99Ms)}  max ${shownMs(maxMs)}  (last 5m)`
}

function oldestColumns(now: number): readonly Column<Job>[] {
  return [
    {key: 'id', title: 'ID', value: ({id}) => id, align: 'right'},
    {key: 'waits', title: 'WAITS', value: ({runAt}) => (runAt > now ? `in ${formatDurationShort(runAt - now)}` : formatDurationShort(now - runAt)), align: 'right'},
    {key: 'attempts', title: 'ATT', value: ({attempts}) => attempts, align: 'right'},
    {key: 'priority', title: 'PRIO', value: ({priority}) => priority, align: 'right', spare: true},
    {key: 'created', title: 'CREATED', value: ({createdAt}) => clockTime(createdAt), spare: true},
    {key: 'key', title: 'KEY', value: ({key}) => key, spare: true},
    {key: 'assigned', title: 'FOR', value: ({assignedTo}) => assignedTo, spare: true},
    {key: 'error', title: 'LAST ERROR', value: ({error}) => error, free: true},
  ]
}
