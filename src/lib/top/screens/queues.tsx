import type {ReactNode} from 'react'
import type {QueueStats} from '../../stats.ts'
import {queueColumns, type QueueRow} from '../columns.ts'
import {HandLine} from '../components/hand-line.tsx'
import {Line} from '../components/line.tsx'
import {Rule} from '../components/rule.tsx'
import {Table} from '../components/table.tsx'
import {queueRows} from '../figures.ts'
import {useTheme} from '../hooks/use-theme.ts'
import {type Cursor, cursorAt, listKeys, type ListOf, openKey, rowUnder} from '../list.ts'
import {createKey, queueKeys} from '../queue-keys.ts'
import {defineScreen, type Moment} from '../screen.ts'
import {shownOf} from '../shown.ts'
import {openQueue} from './queue.tsx'
import {handKey} from '../show-hand.ts'

interface Own {
  /** The queue under the cursor. */
  readonly queue: Cursor | null
}

interface Facts {
  readonly queues: readonly QueueStats[]
  readonly rows: readonly QueueRow[]
  /** The job in the hand. */
  readonly inHand: number | null
}

const QUEUES: ListOf<Own, Facts, QueueRow> = {
  rows: ({rows}) => rows,
  idOf: ({name}) => name,
  cursor: ({queue}) => queue,
  withCursor: (own, queue) => ({...own, queue}),
}

/** Lines that are no rows: the rule and the head. */
const AROUND = 2

/** Every queue, and what can be done to one. */
export const QUEUES_SCREEN = defineScreen<Own, Facts>({
  id: 'queues',
  title: 'Queues',
  digit: '3',
  start: {queue: null},
  keys: [
    openKey(QUEUES, 'its settings, its rates, its oldest jobs', ({name}) => openQueue(name)),
    ...queueKeys(queueUnder),
    createKey(),
    handKey(({inHand}) => inHand),
    ...listKeys(QUEUES),
  ],
  async look(_own, sources) {
    const [queues, consumers] = await Promise.all([sources.stats(), sources.consumers()])
    return {queues, rows: queueRows(queues, consumers, sources.now()), inHand: sources.beside.hand.view.job?.lease.id ?? null}
  },
  View: Queues,
})

function queueUnder(moment: Moment<Own, Facts>): QueueStats | null {
  const name = rowUnder(QUEUES, moment)?.name
  return moment.facts?.queues.find(queue => queue.name === name) ?? null
}

function Queues({own, facts, frame}: Moment<Own, Facts>): ReactNode {
  const {glyphs} = useTheme()
  const {columns: width, rows: height} = frame
  if (facts === null) return <Line words=" looking ..." width={width} tone="dim" />
  const {rows, inHand} = facts
  const cursor = cursorAt(rows, QUEUES.idOf, own.queue)
  const reason = facts.queues.find(({name}) => name === rows[cursor]?.name)?.pausedReason ?? null
  const room = height - AROUND - (inHand === null ? 0 : 1) - (reason === null ? 0 : 1)
  return (
    <>
      <Rule width={width} title={shownOf('Queues', room, rows.length)} />
      <Table columns={queueColumns(glyphs)} rows={rows} width={width} height={room + 1} cursor={cursor} empty="no queue yet: qctl produce -Q NAME PAYLOAD makes one, or C" />
      {reason === null ? null : <Line words={[' ', {text: `${glyphs.paused} paused: `, tone: 'paused'}, reason]} width={width} />}
      <HandLine inHand={inHand} width={width} />
    </>
  )
}
