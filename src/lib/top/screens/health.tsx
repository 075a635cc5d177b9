import type {ReactNode} from 'react'
import {aliveOf} from '../../cli/consumer-json.ts'
import {withDatabase} from '../../cli/with-database.ts'
import {type Finding, SEVERITIES, worstOf} from '../../doctor/finding.ts'
import {MINUTE_MS} from '../../meter.ts'
import type {RunOutcome} from '../../job.ts'
import type {QueueStats} from '../../stats.ts'
import type {StorageInfo} from '../../storage/storage.ts'
import {formatDurationShort} from '../../time.ts'
import {formatSizeShort} from '../../units.ts'
import {type Fact, FactLines} from '../components/facts.tsx'
import {Line} from '../components/line.tsx'
import {Rule} from '../components/rule.tsx'
import type {ErrandNews} from '../errand.ts'
import {type FileFacts, filesOf, type HostFacts, hostFacts} from '../health-facts.ts'
import {defineScreen, type Moment} from '../screen.ts'
import {answerPace, silence, type Supervision} from '../supervisor-desk.ts'
import type {Tone} from '../theme.ts'
import {wrapped, type Words} from '../words.ts'

interface Own {
  /** How often the doctor was asked for by hand. */
  readonly turn: number
  /** How many lines of the findings are above the first that is shown. */
  readonly offset: number
}

interface Facts {
  readonly version: string
  readonly info: StorageInfo
  readonly files: FileFacts | null
  readonly host: HostFacts
  /** Live consumers, each of which reaps. */
  readonly reapers: number
  readonly expired: number
  readonly hour: Readonly<Record<'lost' | 'crashed' | 'timed_out', number>>
  readonly supervision: Supervision | null
  readonly doctor: ErrandNews<readonly Finding[]>
}

const HOUR_MINUTES = 60

/** What everything rests on, and what the doctor says. */
export const HEALTH = defineScreen<Own, Facts>({
  id: 'health',
  title: 'Health',
  digit: '5',
  start: {turn: 0, offset: 0},
  keys: [
    {
      keys: ['r'],
      label: 'recheck',
      help: 'ask the doctor again now; he comes every 30 s',
      when: ({facts}) => facts !== null,
      press: ({own}) => [{kind: 'own', own: {...own, turn: own.turn + 1}}, {kind: 'refresh'}],
    },
    {keys: ['down', 'j'], label: '', help: 'further down in the checks', press: ({own}) => ({kind: 'own', own: {...own, offset: own.offset + 1}})},
    {keys: ['up', 'k'], label: '', help: 'further up in the checks', press: ({own}) => ({kind: 'own', own: {...own, offset: Math.max(0, own.offset - 1)}})},
  ],
  async look({turn}, sources) {
    const {beside, session} = sources
    const {storage} = session
    const [info, consumers, held, queues] = await Promise.all([storage.info(), storage.consumers(), storage.held(), sources.stats()])
    const now = sources.now()
    return {
      version: beside.version,
      info,
      files: filesOf(info.location),
      host: hostFacts(),
      reapers: consumers.filter(consumer => consumer.endedAt === null && aliveOf(consumer) === 'yes').length,
      expired: held.filter(({leaseExpired}) => leaseExpired).length,
      hour: lastHour(queues, now),
      supervision: beside.supervisor.look({consumers, queues}, now),
      doctor: beside.doctor.news(now, turn),
    }
  },
  View: Health,
  paceMs: (_own, facts) => answerPace(facts?.supervision ?? null),
})

function lastHour(queues: readonly QueueStats[], now: number): Facts['hour'] {
  const minutes = queues.flatMap(queue => queue.minutes).filter(({at}) => at > now - HOUR_MINUTES * MINUTE_MS)
  const sum = (outcome: RunOutcome): number => minutes.reduce((all, {meter}) => all + (meter.runs[outcome] ?? 0), 0)
  return {lost: sum('lost'), crashed: sum('crashed'), timed_out: sum('timed_out')}
}

/** So many lines of the checks are always there. */
const LEAST_CHECKS = 4

function Health({own, facts, at, frame, db}: Moment<Own, Facts>): ReactNode {
  const {columns: width, rows: height} = frame
  if (facts === null) return <Line words=" looking ..." width={width} tone="dim" />
  const {value, error, isRunning} = facts.doctor
  const lines = value === null ? [] : [...value].sort(worstFirst).flatMap(finding => findingLines(finding, width, db))
  // In a small terminal what is wrong comes first.
  const about = factsOf(facts).slice(0, Math.max(2, height - 1 - Math.min(lines.length, LEAST_CHECKS)))
  const room = Math.max(1, height - about.length - 1 - (error === null ? 0 : 1))
  const from = Math.min(own.offset, Math.max(0, lines.length - room))
  const more = lines.length > room ? `, lines ${from + 1}-${Math.min(lines.length, from + room)} of ${lines.length}` : ''
  return (
    <>
      <FactLines facts={about} width={width} height={about.length} />
      <Rule width={width} title={`${checksTitle(facts.doctor, at)}${isRunning ? ', checking' : ''}${more}`} />
      {error === null ? null : <Line words={[' ', {text: `the doctor could not come: ${error}`, tone: 'error'}]} width={width} />}
      {lines.slice(from, from + room).map((words, nth) => (
        <Line key={nth} words={words} width={width} />
      ))}
    </>
  )
}

function checksTitle({value, at}: Facts['doctor'], now: number): string {
  if (value === null || at === null) return 'Checks, the same as qctl doctor'
  const worst = worstOf(value)
  const count = value.filter(({severity}) => severity !== 'ok').length
  return `Checks (qctl doctor) ${worst === 'ok' ? `all ${value.length} ok` : `${count} of ${value.length} say something`}, ${formatDurationShort(Math.max(0, now - at))} ago`
}

function worstFirst(one: Finding, other: Finding): number {
  return SEVERITIES.indexOf(other.severity) - SEVERITIES.indexOf(one.severity)
}

const TONES: Readonly<Record<Finding['severity'], Tone>> = {ok: 'good', warn: 'warning', fault: 'error'}

function findingLines({severity, message, fix}: Finding, width: number, db: string | null): readonly Words[] {
  const texts = wrapped(message, width - 8)
  const fixes = fix === null ? [] : wrapped(`fix: ${withDatabase(fix, db)}`, width - 8)
  return [
    ...texts.map((text, nth): Words => [' ', nth === 0 ? {text: severity.padEnd(6), tone: TONES[severity]} : ' '.repeat(6), text]),
    ...fixes.map((text): Words => [' '.repeat(7), {text, tone: 'bold'}]),
  ]
}

function factsOf({version, info, files, host, reapers, expired, hour, supervision}: Facts): readonly Fact[] {
  const durable = info.durability === 'full' ? 'full: what was stored survives a power cut' : 'normal: a power cut may lose the last moments'
  const sizes = files === null ? 'not known' : `${formatSizeShort(files.database)}, log (WAL) ${formatSizeShort(files.log)}, disk ${formatSizeShort(files.free)} free of ${formatSizeShort(files.total)}`
  const watch = reapers === 0 ? 'no live consumer looks after the dead: qctl reap' : `in ${reapers} live ${reapers === 1 ? 'consumer' : 'consumers'}`
  return [
    ['database', info.location],
    ['files', sizes],
    ['durability', durable],
    ['version', `qctl ${version}, ${info.engine} ${info.engineVersion}, schema ${info.schemaVersion}`],
    ['reaper', [{text: watch, tone: reapers === 0 ? 'warning' : 'plain'}, expired === 0 ? '' : {text: `; ${expired} with an expired lease`, tone: 'error'}]],
    ['last hour', `${hour.lost} runs lost, ${hour.crashed} crashed, ${hour.timed_out} timed out`],
    ['host', `load ${host.load.toFixed(2)}, memory ${formatSizeShort(host.freeBytes)} free of ${formatSizeShort(host.totalBytes)}`],
    ...(supervision === null ? [] : [['supervisor', supervisorWords(supervision)] as const]),
  ]
}

function supervisorWords(supervision: Supervision): Words {
  const {processes, wanted, most, error} = supervision
  const silent = silence(supervision)
  if (silent !== null) return {text: silent, tone: error === null ? 'dim' : 'warning'}
  return `${processes.filter(({state}) => state === 'RUNNING').length} of ${processes.length} processes run, ${wanted} of ${most} consumers wanted; 4 then s shows them`
}
