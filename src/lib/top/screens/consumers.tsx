import type {ReactNode} from 'react'
import {aliveOf, type BusyConsumer} from '../../cli/consumer-json.ts'
import {Line} from '../components/line.tsx'
import {Rule} from '../components/rule.tsx'
import {firstShown, Table} from '../components/table.tsx'
import {type LoadedConsumer, loadedColumns} from '../consumer-columns.ts'
import {type Cursor, cursorAt, listKeys, type ListOf, openKey} from '../list.ts'
import type {ProcessTrees} from '../process-trees.ts'
import {defineScreen, type Frame, type Moment} from '../screen.ts'
import {shownOf} from '../shown.ts'
import {ageWords, answerPace, silence, type Supervision} from '../supervisor-desk.ts'
import type {Words} from '../words.ts'
import {openConsumer} from './consumer.tsx'
import {openSupervisor} from './supervisor.tsx'

interface Own {
  /** The registration under the cursor. */
  readonly consumer: Cursor | null
}

interface Facts {
  readonly consumers: readonly LoadedConsumer[]
  readonly supervision: Supervision | null
}

const CONSUMERS: ListOf<Own, Facts, LoadedConsumer> = {
  rows: ({consumers}) => consumers,
  idOf: ({id}) => String(id),
  cursor: ({consumer}) => consumer,
  withCursor: (_own, consumer) => ({consumer}),
}

/** Lines that are no rows: the rule, the head, and what is said of supervisord. */
const AROUND = 3

/** Who works, on what, and what it costs. */
export const CONSUMERS_SCREEN = defineScreen<Own, Facts>({
  id: 'consumers',
  title: 'Consumers',
  digit: '4',
  start: {consumer: null},
  keys: [
    openKey(CONSUMERS, 'its jobs, its processes, what it did last', openConsumer),
    {keys: ['s'], label: 'supervisor', help: 'processes of supervisord: scale, start, stop, restart', press: () => openSupervisor()},
    ...listKeys(CONSUMERS),
  ],
  async look(own, sources, frame) {
    const consumers = await sources.consumers()
    return {consumers: loaded(consumers, own, frame, sources.beside.trees), supervision: sources.beside.supervisor.look({consumers, queues: []}, sources.now())}
  },
  View: Consumers,
  paceMs: (_own, facts) => answerPace(facts?.supervision ?? null),
})

/** Looks at the processes of those rows only that can be seen. */
function loaded(consumers: readonly BusyConsumer[], {consumer: cursor}: Own, frame: Frame, trees: ProcessTrees): readonly LoadedConsumer[] {
  const room = Math.max(1, frame.rows - AROUND)
  const first = firstShown(cursorAt(consumers, ({id}) => String(id), cursor), room, consumers.length)
  const pids = consumers.slice(first, first + room).filter(consumer => aliveOf(consumer) === 'yes').map(({process}) => process.pid)
  const loads = trees.look(pids)
  return consumers.map((consumer, at) => ({...consumer, load: at >= first && at < first + room ? (loads.get(consumer.process.pid) ?? null) : null}))
}

function Consumers({own, facts, at, frame}: Moment<Own, Facts>): ReactNode {
  const {columns: width, rows: height} = frame
  if (facts === null) return <Line words=" looking ..." width={width} tone="dim" />
  const {consumers, supervision} = facts
  const dead = consumers.filter(consumer => aliveOf(consumer) === 'no').length
  const busy = consumers.reduce((sum, {jobs}) => sum + jobs, 0)
  const slots = consumers.reduce((sum, {concurrency}) => sum + concurrency, 0)
  const room = height - 2 - (supervision === null ? 0 : 1)
  const title = `${shownOf('Consumers', room, consumers.length)}, slots ${busy}/${slots} busy${dead === 0 ? '' : `, ${dead} dead`}`
  return (
    <>
      <Rule width={width} title={title} />
      <Table columns={loadedColumns(at)} rows={consumers} width={width} height={room + 1} cursor={cursorAt(consumers, CONSUMERS.idOf, own.consumer)} empty="none: qctl consume -Q NAME -- COMMAND" />
      {supervision === null ? null : <Line words={supervisionLine(supervision, at)} width={width} />}
    </>
  )
}

function supervisionLine(supervision: Supervision, now: number): Words {
  const {processes, wanted, most, error} = supervision
  const silent = silence(supervision)
  if (silent !== null) return [' supervisor: ', {text: silent, tone: error === null ? 'dim' : 'warning'}]
  const running = processes.filter(({state}) => state === 'RUNNING').length
  const fatal = processes.filter(({state}) => state === 'FATAL').length
  return [` supervisor: ${running} of ${processes.length} processes run, ${wanted} of ${most} consumers wanted${ageWords(supervision, now)}`, fatal === 0 ? '' : {text: `, ${fatal} given up`, tone: 'error'}, {text: '  s: all of them', tone: 'dim'}]
}
