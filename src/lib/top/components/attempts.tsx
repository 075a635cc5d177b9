import type {ReactNode} from 'react'
import type {Column} from '../../cli/columns.ts'
import type {Run} from '../../job.ts'
import {formatDurationShort} from '../../time.ts'
import {formatTime} from '../../time-parse.ts'
import {formatSizeShort} from '../../units.ts'
import type {SeenJob} from '../job-reader.ts'
import {runEnd} from '../job-story.ts'
import {Table} from './table.tsx'

interface AttemptsProps {
  readonly seen: SeenJob
  /** The run under the cursor. */
  readonly run: number | null
  readonly width: number
  readonly height: number
  readonly now: number
}

/** A run that ended, or the one that goes on. */
interface Row {
  readonly run: number
  readonly attempt: number
  readonly consumer: string
  readonly startedAt: number
  readonly ended: Run | null
}

/** The runs of a job, the last one first. */
export function Attempts({seen, run, width, height, now}: AttemptsProps): ReactNode {
  const rows = rowsOf(seen)
  return <Table columns={columnsOf(now)} rows={rows} width={width} height={height} cursor={rows.findIndex(row => row.run === run)} empty="not run yet; e: explain" />
}

function rowsOf({job, runs}: SeenJob): readonly Row[] {
  const live: readonly Row[] =
    job.state === 'processing' ? [{run: job.fence, attempt: job.attempts, consumer: job.consumer ?? '', startedAt: job.startedAt ?? job.updatedAt, ended: null}] : []
  return [...live, ...runs.toReversed().map(ended => ({...ended, ended}))]
}

const sizeOf = (bytes: number | null): string => (bytes === null ? '-' : formatSizeShort(bytes))
const span = (ms: number | null): string => (ms === null ? '-' : formatDurationShort(ms))

function columnsOf(now: number): readonly Column<Row>[] {
  return [
    {key: 'run', title: 'RUN', value: ({run}) => run, align: 'right', style: () => 'bold'},
    {key: 'attempt', title: 'ATT', value: ({attempt}) => attempt, align: 'right'},
    {key: 'started', title: 'STARTED', value: ({startedAt}) => formatTime(startedAt)},
    {key: 'took', title: 'TOOK', value: ({ended, startedAt}) => span(ended === null ? Math.max(0, now - startedAt) : (ended.runMs ?? ended.finishedAt - ended.startedAt)), align: 'right'},
    {key: 'cpu', title: 'CPU', value: ({ended}) => span(ended?.cpuMs ?? null), align: 'right', spare: true},
    {key: 'memory', title: 'MEM', value: ({ended}) => (sizeOf(ended?.maxRssBytes ?? null)), align: 'right', spare: true},
    {key: 'consumer', title: 'CONSUMER', value: ({consumer}) => consumer},
    {key: 'end', title: 'END', value: ({ended}) => (ended === null ? 'goes on' : runEnd(ended)), style: ({ended}) => (ended === null ? 'cyan' : ended.outcome === 'done' ? 'green' : 'red'), free: true},
  ]
}
