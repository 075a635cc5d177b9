import {keysForJobs} from '../keys-of-jobs.ts'
import type {Key, Moment, Move} from '../screen.ts'
import {JOB_TABS, type JobFacts, type JobOwn, type JobTab, runShown, runsOf} from './job-own.ts'
import {bodyRows, linesOf} from './job-lines.ts'

type Here = Moment<JobOwn, JobFacts>
type JobKey = Key<JobOwn, JobFacts>
type JobMove = Move<JobOwn>

const onAttempts = ({own}: Here): boolean => own.tab === 'attempts'
const onText = ({own}: Here): boolean => own.tab !== 'attempts'
const onOutput = ({own}: Here): boolean => own.tab === 'output'

/** Another tab, with what only that one needs. */
function turned(own: JobOwn, tab: JobTab, run: number | null = own.run): readonly JobMove[] {
  return [{kind: 'own', own: {...own, tab, run, offset: tab === 'output' ? 'end' : 0}}, {kind: 'refresh'}]
}

function tabbed(own: JobOwn, by: 1 | -1): readonly JobMove[] {
  const next = JOB_TABS[(JOB_TABS.indexOf(own.tab) + by + JOB_TABS.length) % JOB_TABS.length]
  return next === undefined ? [] : turned(own, next)
}

/** Scrolls. Who goes to the end of the output follows it. */
function scrolled(moment: Here, to: (offset: number, page: number) => number): JobMove {
  const {own, frame} = moment
  const page = bodyRows(own.tab, frame)
  const last = Math.max(0, linesOf(moment, '->').length - page)
  const now = own.offset === 'end' ? last : Math.min(own.offset, last)
  const offset = Math.max(0, Math.min(last, to(now, page)))
  return {kind: 'own', own: {...own, offset: own.tab === 'output' && offset === last ? 'end' : offset}}
}

/** To another run. */
function chosen({own, facts}: Here, by: number): readonly JobMove[] {
  const seen = facts?.seen ?? null
  const runs = seen === null ? [] : runsOf(seen)
  const at = seen === null ? -1 : runs.indexOf(runShown(own, seen) ?? 0)
  const run = runs[Math.max(0, Math.min(runs.length - 1, at + by))]
  return run === undefined ? [] : [{kind: 'own', own: {...own, run: run === runs.at(-1) ? null : run, offset: own.tab === 'output' ? 'end' : own.offset}}]
}

const scroll = (keys: readonly string[], help: string, to: (offset: number, page: number) => number): JobKey => ({keys, label: '', help, when: onText, press: moment => scrolled(moment, to)})
const choose = (keys: readonly string[], help: string, by: number): JobKey => ({keys, label: '', help, when: onAttempts, press: moment => chosen(moment, by)})

/** The keys of one job. */
export const JOB_KEYS: readonly JobKey[] = [
  {keys: ['right', 'l', 'tab'], label: 'tab', help: 'tab to the right', press: ({own}) => tabbed(own, 1)},
  {keys: ['left', 'h', 'shift-tab'], label: '', help: 'tab to the left', press: ({own}) => tabbed(own, -1)},
  scroll(['up', 'k'], 'line above', at => at - 1),
  scroll(['down', 'j'], 'line below', at => at + 1),
  scroll(['pageup', 'ctrl-b'], 'page above', (at, page) => at - page),
  scroll(['pagedown', 'ctrl-f', 'space'], 'page below', (at, page) => at + page),
  scroll(['home', 'g'], 'the beginning', () => 0),
  scroll(['end', 'G'], 'the end', () => Number.MAX_SAFE_INTEGER),
  choose(['up', 'k'], 'later attempt', 1),
  choose(['down', 'j'], 'earlier attempt', -1),
  {keys: ['enter'], label: 'its output', help: 'what this attempt printed', when: onAttempts, press: ({own}) => turned(own, 'output')},
  {keys: ['o'], label: 'output', help: 'what it printed', when: moment => !onOutput(moment), press: ({own}) => turned(own, 'output', null)},
  {keys: ['f'], label: 'follow', help: 'follow what it prints', when: onOutput, press: ({own}) => turned(own, 'output', null)},
  {keys: ['['], label: 'run before', help: 'what the run before printed', when: onOutput, press: moment => chosen(moment, -1)},
  {keys: [']'], label: 'next', help: 'what the next run printed', when: onOutput, press: moment => chosen(moment, 1)},
  ...keysForJobs<JobOwn, JobFacts>({
    under: ({facts}) => facts?.seen?.job ?? null,
    chosen: ({facts}, kind) => {
      const job = facts?.seen?.job
      return job === undefined ? null : {choice: {kind: 'jobs', jobs: [job]}, moves: kind === 'delete' ? [{kind: 'back'}] : []}
    },
    asked: ({own}) => own,
    consumers: ({facts}) => facts?.consumers ?? [],
  }),
]
