import type {ReactNode} from 'react'
import type {BusyConsumer} from '../../cli/consumer-json.ts'
import type {StatsRow} from '../../cli/stats-list.ts'
import type {StorageInfo} from '../../storage/storage.ts'
import {formatSizeShort} from '../../units.ts'
import {type Concern, concernsOf, surveyPlace} from '../attention.ts'
import {consumerColumns, queueColumns, type QueueRow} from '../columns.ts'
import {Attention, SpreadAttention, spreadOut} from '../components/attention.tsx'
import {Line} from '../components/line.tsx'
import {graphMinutes, Pulse} from '../components/pulse.tsx'
import {Rule} from '../components/rule.tsx'
import {Table} from '../components/table.tsx'
import {wideMinutes, WidePulse} from '../components/wide-pulse.tsx'
import {type Graphs, graphsOf, queueRows, totalRow} from '../figures.ts'
import {type FileFacts, filesOf} from '../health-facts.ts'
import {useTheme} from '../hooks/use-theme.ts'
import {type Cursor, cursorAt, listKeys, type ListOf} from '../list.ts'
import {defineScreen, type Moment, type Move} from '../screen.ts'
import {layoutOf, pulseOf} from '../overview-layout.ts'
import {queuesByPressure} from '../pressure.ts'
import {shownOf} from '../shown.ts'
import {openConsumer} from './consumer.tsx'
import {goJobs} from './jobs.tsx'
import {openQueue} from './queue.tsx'

const PANES = ['queues', 'consumers', 'attention'] as const
type Pane = (typeof PANES)[number]

interface Own {
  /** The pane that has the cursor. */
  readonly pane: Pane
  /** The row under the cursor in each. */
  readonly cursors: Readonly<Partial<Record<Pane, Cursor>>>
}

interface Facts {
  readonly total: StatsRow
  readonly graphs: Graphs
  readonly rows: readonly QueueRow[]
  readonly consumers: readonly BusyConsumer[]
  readonly concerns: readonly Concern[]
  readonly files: FileFacts | null
  readonly durability: StorageInfo['durability']
}

/** What a row stands for. */
interface Row {
  readonly id: string
  /** What `y` copies: a name, or the command that helps. */
  readonly text: string
}

/** The rows of the pane that has the cursor. */
const ROWS: ListOf<Own, Facts, Row> = {
  rows: (facts, {pane}) => rowsOf(facts, pane),
  idOf: ({id}) => id,
  cursor: ({pane, cursors}) => cursors[pane] ?? null,
  withCursor: (own, cursor) => ({...own, cursors: {...own.cursors, [own.pane]: cursor}}),
}

function rowsOf({rows, consumers, concerns}: Facts, pane: Pane): readonly Row[] {
  switch (pane) {
    case 'queues':
      return rows.map(({name}) => ({id: name, text: name}))
    case 'consumers':
      return consumers.map(({id, name}) => ({id: String(id), text: name}))
    case 'attention':
      return concerns.map(({id, fix}) => ({id, text: fix}))
  }
}

/** Everything at a glance. */
export const OVERVIEW = defineScreen<Own, Facts>({
  id: 'overview',
  title: 'Overview',
  digit: '1',
  start: {pane: 'queues', cursors: {}},
  keys: [
    ...listKeys(ROWS),
    {keys: ['enter'], label: 'open', help: 'the queue, the consumer, or what needs attention', press: opened},
    {keys: ['tab'], label: 'pane', help: 'next pane: queues, consumers, attention', press: moment => turned(moment, 1)},
    {keys: ['shift-tab'], label: '', help: 'pane before', press: moment => turned(moment, -1)},
    {keys: ['y'], label: 'copy', help: 'copy the name, or the command that helps, to the clipboard', press: copied},
  ],
  async look(_own, sources, frame) {
    const [queues, consumers, {location, durability}] = await Promise.all([sources.stats(), sources.consumers(), sources.session.storage.info()])
    const now = sources.now()
    const rows = queueRows(queues, consumers, now)
    const files = filesOf(location)
    const concerns = concernsOf({rows, consumers, place: surveyPlace(location), logBytes: files?.log ?? 0, now})
    const minutes = pulseOf(frame) === 'wide' ? wideMinutes(frame.columns) : graphMinutes(frame.columns)
    return {rows: queuesByPressure(rows, concerns), consumers, concerns, files, durability, total: totalRow(queues, now), graphs: graphsOf(queues, minutes, now)}
  },
  View: Overview,
})

function turned({own, facts}: Moment<Own, Facts>, by: 1 | -1): Move<Own> {
  const open = PANES.filter(pane => pane !== 'attention' || (facts?.concerns.length ?? 0) > 0)
  const at = open.indexOf(own.pane)
  return {kind: 'own', own: {...own, pane: open[(at + by + open.length) % open.length] ?? 'queues'}}
}

function opened({own, facts}: Moment<Own, Facts>): Move<Own> | readonly [] {
  if (facts === null) return []
  const at = cursorAt(rowsOf(facts, own.pane), ROWS.idOf, ROWS.cursor(own))
  const queue = facts.rows[at]
  const consumer = facts.consumers[at]
  const concern = facts.concerns[at]
  if (own.pane === 'queues') return queue === undefined ? [] : openQueue(queue.name)
  if (own.pane === 'consumers') return consumer === undefined ? [] : openConsumer(consumer)
  if (concern === undefined) return []
  return 'jobs' in concern.where ? goJobs(concern.where.jobs) : {kind: 'go', screen: concern.where.screen}
}

function copied({own, facts}: Moment<Own, Facts>): Move<Own> | readonly [] {
  const rows = facts === null ? [] : rowsOf(facts, own.pane)
  const row = rows[cursorAt(rows, ROWS.idOf, ROWS.cursor(own))]
  return row === undefined ? [] : {kind: 'copy', text: row.text}
}

function Overview({own, facts, at, frame, db}: Moment<Own, Facts>): ReactNode {
  const {glyphs} = useTheme()
  const {columns: width} = frame
  if (facts === null) return <Line words=" looking ..." width={width} tone="dim" />
  const {total, graphs, rows, consumers, concerns} = facts
  const layout = layoutOf(frame, {rows, consumers, concerns: spreadOut(concerns, width, db)}, own.pane === 'attention')
  const Concerns = layout.isSpread ? SpreadAttention : Attention
  const cursorIn = (pane: Pane): number => (own.pane === pane ? cursorAt(rowsOf(facts, pane), ROWS.idOf, ROWS.cursor(own)) : -1)
  return (
    <>
      {layout.pulse === 'wide' ? (
        <WidePulse total={total} rows={rows} graphs={graphs} now={at} width={width} />
      ) : (
        <Pulse total={total} graphs={graphs} now={at} width={width} isShort={layout.pulse === 'short'} />
      )}
      <Rule width={width} title={`${shownOf('Queues', layout.queues, rows.length)}${layout.queues < rows.length ? ', most pressing first' : ''}`} />
      <Table columns={queueColumns(glyphs)} rows={rows} width={width} height={layout.queues + 1} cursor={cursorIn('queues')} empty="no queue yet: qctl produce -Q NAME PAYLOAD makes one" />
      {layout.consumers === 0 ? null : (
        <>
          <Rule width={width} title={shownOf('Consumers', layout.consumers, consumers.length)} />
          <Table columns={consumerColumns(at)} rows={consumers} width={width} height={layout.consumers + 1} cursor={cursorIn('consumers')} empty="none: qctl consume -Q NAME -- COMMAND" />
        </>
      )}
      {layout.health ? <Line words={placeWords(facts)} width={width} tone="dim" /> : null}
      <Concerns concerns={concerns} width={width} height={layout.attention} cursor={cursorIn('attention')} db={db} />
    </>
  )
}

function placeWords({files, durability}: Facts): string {
  const sizes = files === null ? '' : `  db ${formatSizeShort(files.database)}  log ${formatSizeShort(files.log)}  disk ${formatSizeShort(files.free)} free`
  return ` Health${sizes}  durability ${durability}  (5: more)`
}
