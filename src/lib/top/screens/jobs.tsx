import {Box} from 'ink'
import type {ReactNode} from 'react'
import type {Job} from '../../job.ts'
import {parseFilter} from '../../queue/filter-parse.ts'
import type {QueueStats} from '../../stats.ts'
import {JobPreview} from '../components/job-preview.tsx'
import {StateTabs} from '../components/state-tabs.tsx'
import {Table} from '../components/table.tsx'
import {useTheme} from '../hooks/use-theme.ts'
import {jobColumns} from '../job-columns.ts'
import {PASSING_BYTES} from '../job-reader.ts'
import {wholeFilter} from '../job-filter.ts'
import {defineScreen, type Moment, type Move} from '../screen.ts'
import {grouped} from '../shown.ts'
import type {Sources} from '../sources.ts'
import {FilterLine} from './filter-line.tsx'
import {JOBS_KEYS} from './jobs-keys.ts'
import {JOBS_START, type JobsFacts, type JobsOwn, placeOf, previewRows, questionOf, rowsOf, tabTotals, type Total, wantedOf} from './jobs-own.ts'

/** While a search goes on, the next look follows the last one after so long, and at least as long as looking may take its share. */
const SEARCHING_MS = 20

/** Every job, by state and filter. */
export const JOBS = defineScreen<JobsOwn, JobsFacts>({
  id: 'jobs',
  title: 'Jobs',
  digit: '2',
  start: JOBS_START,
  keys: JOBS_KEYS,
  look,
  View: Jobs,
  isHeld: ({marks}) => marks.size > 0,
  paceMs: (own, facts) => (facts !== null && (facts.found.searched !== null || facts.question !== questionOf(own)) ? SEARCHING_MS : null),
})

/** To the jobs that match a filter, as `--where` takes it. */
export function goJobs(filter: string): Move<never> {
  return {kind: 'go', screen: 'jobs', own: {...JOBS_START, filter}}
}

async function look(own: JobsOwn, sources: Sources, frame: Moment<JobsOwn, JobsFacts>['frame']): Promise<JobsFacts> {
  const wanted = wantedOf(own, sources.names, frame)
  const [queues, found, consumers, retrying] = await Promise.all([
    sources.stats(),
    sources.search.look(wanted, sources.now(), own.marks.size > 0),
    sources.session.storage.consumers(),
    countedSoon(wholeFilter({tab: 'retrying', filter: ''}, sources.names), sources),
  ])
  const all = wholeFilter(own, sources.names)
  const under = found.jobs[placeOf(own, found.jobs)] ?? null
  return {
    question: questionOf(own),
    filter: all,
    found,
    totals: {...totalsOf(queues), retrying},
    matching: own.filter === '' || found.searched !== null || !found.hasMore ? null : await countedSoon(all, sources),
    under: under === null || under.payloadBytes > PASSING_BYTES ? null : await sources.reader.read(under.id, {output: false}),
    consumers: consumers.map(({name}) => name),
  }
}

/** So many of the newest jobs are looked at, and so many counted. */
const SOON = {scanLimit: 1000, limit: 200} as const

/** Counts what nobody keeps count of, as far as that is soon done. */
async function countedSoon(filter: string, sources: Sources): Promise<Total> {
  const {jobs, next} = await sources.session.inspector.list({filter: parseFilter(filter, sources.now()), ...SOON})
  return {count: jobs.length, isMore: next !== null}
}

/** From the counters of the queues. */
function totalsOf(queues: readonly QueueStats[]): JobsFacts['totals'] {
  const sum = (of: (queue: QueueStats) => number): Total => ({count: queues.reduce((total, queue) => total + of(queue), 0), isMore: false})
  const counts = (['pending', 'processing', 'failed', 'done', 'cancelled'] as const).map(state => [state, sum(queue => queue.counts[state])] as const)
  return {
    ...Object.fromEntries(counts),
    all: {count: counts.reduce((total, [, {count}]) => total + count, 0), isMore: false},
    scheduled: {...sum(queue => queue.scheduled.count), isMore: queues.some(queue => queue.scheduled.isMore)},
  }
}

function Jobs({own, facts, at, frame, mode}: Moment<JobsOwn, JobsFacts>): ReactNode {
  const {glyphs} = useTheme()
  const {columns: width, rows} = frame
  const jobs = rowsOf(own, facts)
  const preview = previewRows(frame)
  return (
    <Box flexDirection="column">
      <StateTabs tab={own.tab} totals={tabTotals(own, facts)} width={width} />
      <FilterLine own={own} facts={facts} width={width} />
      <Table
        columns={jobColumns(at, glyphs, width)}
        rows={jobs}
        width={width}
        height={rows - 2 - preview}
        cursor={placeOf(own, jobs)}
        isMarked={({id}: Job) => own.marks.has(id)}
        empty={emptyWords(own, facts)}
      />
      {preview === 0 ? null : <JobPreview job={jobs[placeOf(own, jobs)] ?? null} seen={facts?.under ?? null} now={at} width={width} hint={hintOf(own, mode)} />}
    </Box>
  )
}

function emptyWords(own: JobsOwn, facts: JobsFacts | null): string {
  if (facts === null || facts.question !== questionOf(own)) return 'looking ...'
  if (facts.found.searched !== null) return `none among the ${own.oldestFirst ? 'oldest' : 'newest'} ${grouped(facts.found.searched)} jobs; the search goes on`
  if (own.pages.length > 0) return 'none on this page any more; PgUp goes back'
  if (own.filter !== '') return own.tab === 'all' ? 'no job matches; Esc drops the filter' : `no job that is ${own.tab} matches; arrows: other states, Esc drops the filter`
  return own.tab === 'all' ? 'no job yet: qctl produce -Q NAME PAYLOAD makes one' : `no job is ${own.tab}`
}

/** What keys would act on. */
function hintOf({marks, whole}: JobsOwn, mode: 'ops' | 'admin'): string {
  if (whole) return 'ALL THAT MATCH: R C X D M ask for their number; Esc drops it'
  if (marks.size === 0) return ''
  return mode === 'admin' ? `${grouped(marks.size)} marked: R C X D M are for these, F for all that match` : `${grouped(marks.size)} marked; A for ADMIN, u unmarks`
}
