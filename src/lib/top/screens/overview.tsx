import type {ReactNode} from 'react'
import type {BusyConsumer} from '../../cli/consumer-json.ts'
import type {QueueStats} from '../../stats.ts'
import {concernsOf} from '../attention.ts'
import {consumerColumns, queueColumns, type QueueRow} from '../columns.ts'
import {Attention} from '../components/attention.tsx'
import {Pulse} from '../components/pulse.tsx'
import {Rule} from '../components/rule.tsx'
import {Line} from '../components/line.tsx'
import {Table} from '../components/table.tsx'
import {queueRows} from '../figures.ts'
import {useTheme} from '../hooks/use-theme.ts'
import {cursorAt, listKeys, type ListOf} from '../list.ts'
import {defineScreen, type Moment} from '../screen.ts'

interface Own {
  /** The queue under the cursor. */
  readonly queue: string | null
}

interface Facts {
  readonly queues: readonly QueueStats[]
  readonly rows: readonly QueueRow[]
  readonly consumers: readonly BusyConsumer[]
}

const QUEUES: ListOf<Own, Facts, QueueRow> = {
  rows: ({rows}) => rows,
  idOf: ({name}) => name,
  cursor: ({queue}) => queue,
  withCursor: (own, queue) => ({...own, queue}),
}

/** Everything at a glance. */
export const OVERVIEW = defineScreen<Own, Facts>({
  id: 'overview',
  title: 'Overview',
  digit: '1',
  start: {queue: null},
  keys: listKeys(QUEUES),
  async look(_own, sources) {
    const [queues, consumers] = await Promise.all([sources.stats(), sources.consumers()])
    return {queues, consumers, rows: queueRows(queues, consumers, sources.now())}
  },
  View: Overview,
})

/** Lines of the pulse, and a rule and a head for each table. */
const PULSE = 5
const AROUND_TABLE = 2

function Overview({own, facts, at, frame}: Moment<Own, Facts>): ReactNode {
  const {glyphs} = useTheme()
  const {columns: width} = frame
  if (facts === null) return <Line words=" looking ..." width={width} tone="dim" />
  const {queues, rows, consumers} = facts
  const concerns = concernsOf(rows)
  const attention = concerns.length === 0 ? 0 : 1 + Math.min(concerns.length, 3)
  const room = frame.rows - PULSE - attention - 2 * AROUND_TABLE
  const [forQueues, forConsumers] = shared(room, Math.max(1, rows.length), Math.max(1, consumers.length))
  const dead = rows.length === 0 ? '' : ` of ${rows.length}`
  return (
    <>
      <Pulse queues={queues} now={at} width={width} />
      <Rule width={width} title={`Queues ${Math.min(rows.length, forQueues)}${dead}`} />
      <Table
        columns={queueColumns(glyphs)}
        rows={rows}
        width={width}
        height={forQueues + 1}
        cursor={cursorAt(rows, QUEUES.idOf, own.queue)}
        empty="no queue yet: qctl produce -Q NAME PAYLOAD makes one"
      />
      <Rule width={width} title={`Consumers ${Math.min(consumers.length, forConsumers)} of ${consumers.length}`} />
      <Table columns={consumerColumns(at)} rows={consumers} width={width} height={forConsumers + 1} empty="none: qctl consume -Q NAME -- COMMAND" />
      <Attention concerns={concerns} width={width} height={attention} />
    </>
  )
}

/** Shares lines between two tables: each gets what it needs, or at least half when both need more. */
function shared(room: number, first: number, second: number): readonly [number, number] {
  const lines = Math.max(2, room)
  if (first + second <= lines) return [first, second]
  const half = Math.floor(lines / 2)
  const less = Math.min(second, Math.max(half, lines - first))
  return [Math.max(1, lines - less), less]
}
