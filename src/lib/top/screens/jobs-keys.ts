import type {Job} from '../../job.ts'
import {namesState, STATE_TABS, wrongFilter} from '../job-filter.ts'
import {keysForJobs} from '../keys-of-jobs.ts'
import type {Key, Moment, Move} from '../screen.ts'
import {openJob} from './job-own.ts'
import {type JobsFacts, type JobsOwn, jobUnder, pageAbove, pageBelow, placeOf, pointed, questionOf, relisted, rowsOf, toggled, unmarked} from './jobs-own.ts'

type Here = Moment<JobsOwn, JobsFacts>
type JobsKey = Key<JobsOwn, JobsFacts>
type JobsMove = Move<JobsOwn>

/** Remembers something else, and asks what there is to see then. */
function turned(own: JobsOwn): readonly JobsMove[] {
  return [{kind: 'own', own}, {kind: 'refresh'}]
}

/** To another row: of this page, or of the next one in that direction. */
function stepped({own, facts}: Here, by: number): readonly JobsMove[] {
  const jobs = rowsOf(own, facts)
  const at = placeOf(own, jobs) + by
  if (facts === null || (jobs.length === 0 && by > 0)) return []
  if (at < 0) return own.pages.length === 0 && own.from === null ? [] : turned(pageAbove(own, 'last'))
  if (at < jobs.length) return turned(pointed(own, jobs, at))
  const below = pageBelow(own, facts)
  return below === null ? [] : turned(below)
}

function paged(moment: Here, by: 1 | -1): readonly JobsMove[] {
  const {own, facts} = moment
  const jobs = rowsOf(own, facts)
  if (facts === null) return []
  if (by < 0) return own.pages.length === 0 && placeOf(own, jobs) > 0 ? turned(pointed(own, jobs, 0)) : turned(pageAbove(own, null))
  const below = jobs.length === 0 ? null : pageBelow(own, facts)
  return turned(below ?? pointed(own, jobs, jobs.length - 1))
}

function tabbed(own: JobsOwn, by: 1 | -1): readonly JobsMove[] {
  const at = STATE_TABS.findIndex(({id}) => id === own.tab)
  const next = STATE_TABS[(at + by + STATE_TABS.length) % STATE_TABS.length]
  return next === undefined ? [] : turned(relisted(own, {tab: next.id}))
}

function filtering({own, at}: Here): JobsMove {
  // What names states itself would find little in the list of another one.
  const submit = (text: string): readonly JobsMove[] => turned(relisted(own, {filter: text.trim(), ...(namesState(text) ? {tab: 'all'} : {})}))
  return {kind: 'prompt', prompt: {label: 'filter:', text: own.filter, check: text => wrongFilter(text, at), submit}}
}

function marking(moment: Here): readonly JobsMove[] {
  const {own, facts} = moment
  const job = jobUnder(own, facts)
  if (job === null) return []
  const jobs = rowsOf(own, facts)
  const next = Math.min(jobs.length - 1, placeOf(own, jobs) + 1)
  return turned(pointed(toggled(own, job), jobs, next))
}

function markingAll({own, facts}: Here): readonly JobsMove[] {
  const marks = new Map([...own.marks, ...rowsOf(own, facts).map((job): [number, Job] => [job.id, job])])
  return turned({...own, marks, whole: false})
}

/** Takes back what was prepared last: the whole filter, the marks, the filter. */
function cleared(own: JobsOwn): readonly JobsMove[] {
  if (own.whole || own.marks.size > 0) return turned(unmarked(own))
  return turned(relisted(own, {filter: ''}))
}

const isNotBare = ({own}: Here): boolean => own.whole || own.marks.size > 0 || own.filter !== ''

const ACTS = keysForJobs<JobsOwn, JobsFacts>({
  under: ({own, facts}) => jobUnder(own, facts),
  chosen: ({own, facts}) => {
    const moves = [{kind: 'own', own: unmarked(own)}] as const
    if (own.whole) return facts?.question !== questionOf(own) ? null : {choice: {kind: 'matching', filter: facts.filter}, moves}
    const job = jobUnder(own, facts)
    const jobs = own.marks.size > 0 ? [...own.marks.values()] : job === null ? [] : [job]
    return jobs.length === 0 ? null : {choice: {kind: 'jobs', jobs}, moves}
  },
  asked: ({own}) => ({...own, whole: false}),
  consumers: ({facts}) => facts?.consumers ?? [],
})

/** The keys of the list of jobs. */
export const JOBS_KEYS: readonly JobsKey[] = [
  ...ACTS.filter(({acts}) => acts === true),
  {keys: ['F'], label: 'whole filter', help: 'the next act is for all that match', acts: true, press: ({own}) => turned({...own, whole: !own.whole})},
  {keys: ['/'], label: 'filter', help: 'filter: queue=mail age<1d; 42 (an id); some words. One with state= leads to all states', press: filtering},
  {keys: ['left', 'h'], label: '', help: 'jobs of the state to the left', press: ({own}) => tabbed(own, -1)},
  {keys: ['right', 'l'], label: 'state', help: 'jobs of the state to the right', press: ({own}) => tabbed(own, 1)},
  {keys: ['up', 'k'], label: '', help: 'job above; above the first one, what came since', press: moment => stepped(moment, -1)},
  {keys: ['down', 'j'], label: '', help: 'job below; the list stands still from then on', press: moment => stepped(moment, 1)},
  {keys: ['pageup', 'ctrl-b'], label: '', help: 'page above', press: moment => paged(moment, -1)},
  {keys: ['pagedown', 'ctrl-f'], label: '', help: 'page below', press: moment => paged(moment, 1)},
  {keys: ['home', 'g'], label: '', help: 'first page, with what came since', press: ({own}) => turned({...own, pages: [], from: null, cursor: null})},
  {keys: ['end', 'G'], label: '', help: 'last job of the page', press: ({own, facts}) => turned(pointed(own, rowsOf(own, facts), rowsOf(own, facts).length - 1))},
  ...ACTS.filter(({acts}) => acts !== true),
  {keys: ['i'], label: '', help: 'oldest first, or newest', press: ({own}) => turned(relisted(own, {oldestFirst: !own.oldestFirst, marks: own.marks}))},
  {keys: ['enter'], label: 'open', help: 'everything about the job', press: ({own, facts}) => opened(jobUnder(own, facts))},
  {keys: ['space'], label: 'mark', help: 'mark; while any job is marked the list stands still', press: marking},
  {keys: ['*'], label: '', help: 'mark all jobs that are shown', press: markingAll},
  {keys: ['u'], label: '', help: 'unmark all', press: ({own}) => turned(unmarked(own))},
  {keys: ['esc'], label: '', help: 'unmark; then drop the filter', when: isNotBare, press: ({own}) => cleared(own)},
  {keys: ['r'], label: '', help: 'search anew', when: ({own}) => own.marks.size === 0, press: ({own}) => turned({...own, round: own.round + 1})},
]

function opened(job: Job | null): Move<never> | readonly [] {
  return job === null ? [] : openJob(job.id)
}

