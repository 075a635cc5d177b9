import type {ReactNode} from 'react'
import {PROCESS_LIST} from '../../cli/supervisor-list.ts'
import type {ProcessStatus} from '../../supervisor/status.ts'
import {operate, scale, startAll} from '../acts-of-supervisor.ts'
import {Line} from '../components/line.tsx'
import {Rule} from '../components/rule.tsx'
import {Table} from '../components/table.tsx'
import {type Cursor, cursorAt, listKeys, type ListOf, rowUnder} from '../list.ts'
import {defineScreen, type Key, type Moment, type Move} from '../screen.ts'
import {ageWords, answerPace, silence, type Supervision} from '../supervisor-desk.ts'
import {wrapped} from '../words.ts'

interface Own {
  /** The full name of the process under the cursor. */
  readonly process: Cursor | null
}

interface Facts {
  /** `null` when none has been set up. */
  readonly supervision: Supervision | null
}

const PROCESSES: ListOf<Own, Facts, ProcessStatus> = {
  rows: ({supervision}) => supervision?.processes ?? [],
  idOf: ({fullName}) => fullName,
  cursor: ({process}) => process,
  withCursor: (_own, process) => ({process}),
}

const NONE: Move<Own> = {kind: 'notice', text: 'there is no process here', tone: 'warning'}

function operateKey(name: string, verb: Verb, help: string): Key<Own, Facts> {
  return {keys: [name], label: verb, help, acts: true, press: moment => operating(verb, moment)}
}

type Verb = 'start' | 'stop' | 'restart'

/** Supervisord itself has to run first. */
function operating(verb: Verb, moment: Moment<Own, Facts>): Move<Own> {
  if (verb === 'start' && moment.facts?.supervision?.error != null) return {kind: 'act', act: startAll()}
  const process = rowUnder(PROCESSES, moment)
  return process === null ? NONE : {kind: 'act', act: operate(verb, process)}
}

/** To the processes of supervisord. */
export function openSupervisor(): Move<never> {
  return {kind: 'open', screen: 'supervisor', own: {process: null} satisfies Own}
}

/** What supervisord and the queue know of the processes. */
export const SUPERVISOR = defineScreen<Own, Facts>({
  id: 'supervisor',
  title: 'Supervisor',
  digit: null,
  start: {process: null},
  keys: [
    {
      keys: ['S'],
      label: 'scale',
      help: 'have more or fewer consumers',
      acts: true,
      press: ({facts}) => (facts?.supervision == null || facts.supervision.most === 0 ? NONE : (scale(facts.supervision) as Move<Own>)),
    },
    operateKey('B', 'start', 'begin: start the process, or supervisord itself where it does not run'),
    operateKey('X', 'stop', 'stop the process; a consumer finishes what it has'),
    operateKey('R', 'restart', 'restart the process; a consumer finishes what it has'),
    ...listKeys(PROCESSES),
  ],
  async look(_own, sources) {
    const {storage} = sources.session
    const [consumers, queues] = await Promise.all([storage.consumers(), storage.queues()])
    return {supervision: sources.beside.supervisor.look({consumers, queues}, sources.now())}
  },
  View: Supervisor,
  paceMs: (_own, facts) => answerPace(facts?.supervision ?? null),
})

function Supervisor({own, facts, at, frame}: Moment<Own, Facts>): ReactNode {
  const {columns: width, rows: height} = frame
  if (facts === null) return <Line words=" looking ..." width={width} tone="dim" />
  const {supervision} = facts
  if (supervision === null) return <Line words=" No supervisord is set up here: qctl supervisor init -Q NAME -- COMMAND" width={width} />
  const {directory, processes, wanted, most, error} = supervision
  const cursor = cursorAt(processes, PROCESSES.idOf, own.process)
  const why = processes[cursor]?.why ?? null
  const reason = why === null ? [] : wrapped(`${processes[cursor]?.name ?? ''}: ${why}`, width - 2)
  const problem = error === null ? [] : wrapped(error, width - 2)
  return (
    <>
      <Rule width={width} title={silence(supervision) === null ? `Supervisor ${wanted} of ${most} consumers wanted${ageWords(supervision, at)}` : 'Supervisor'} />
      <Line words={[' in ', {text: directory, tone: 'dim'}]} width={width} />
      {problem.map((line, nth) => (
        <Line key={nth} words={[' ', {text: line, tone: 'error'}]} width={width} />
      ))}
      <Table columns={SHOWN} rows={processes} width={width} height={Math.max(2, height - 2 - problem.length - reason.length)} cursor={cursor} empty={error === null ? (silence(supervision) ?? 'it has no processes') : 'nothing is known of its processes'} />
      {reason.map((line, nth) => (
        <Line key={nth} words={[' ', {text: line, tone: 'warning'}]} width={width} />
      ))}
    </>
  )
}

const SHOWN = PROCESS_LIST.columns.filter(({wide}) => wide !== true)
