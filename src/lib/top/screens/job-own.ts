import type {RunOutput} from '../../job.ts'
import type {SeenJob} from '../job-reader.ts'
import {type ListOf, openKey} from '../list.ts'
import type {Key, Move} from '../screen.ts'

export const JOB_TABS = ['summary', 'payload', 'attempts', 'output', 'timeline', 'json'] as const
export type JobTab = (typeof JOB_TABS)[number]

/** What the screen of a job remembers. */
export interface JobOwn {
  readonly id: number
  readonly tab: JobTab
  /** How many lines are above the first one shown; `end` = as many as there are, also when others come. */
  readonly offset: number | 'end'
  /** Which run's output, by its fence; `null` = the one that goes on, else the last. */
  readonly run: number | null
}

/** What it got. */
export interface JobFacts {
  /** `null` when there is no such job. */
  readonly seen: SeenJob | null
  /** What the run that goes on has printed; `null` when nothing is known of it. */
  readonly live: RunOutput | null
  /** Who it can be assigned to. */
  readonly consumers: readonly string[]
}

/** Opens everything about a job. */
export const openJob = (id: number): Move<never> => ({kind: 'open', screen: 'job', own: {id, tab: 'summary', offset: 0, run: null} satisfies JobOwn})

/** The runs of a job, oldest first; the one that goes on is the last. */
export function runsOf({job, runs}: SeenJob): readonly number[] {
  return [...runs.map(({run}) => run), ...(job.state === 'processing' ? [job.fence] : [])]
}

/** The run that is looked at; `null` when there was none. */
export function runShown({run}: Pick<JobOwn, 'run'>, seen: SeenJob): number | null {
  const runs = runsOf(seen)
  return run !== null && runs.includes(run) ? run : (runs.at(-1) ?? null)
}

/** True when that run goes on. */
export function isLive({job}: SeenJob, run: number | null): boolean {
  return job.state === 'processing' && job.fence === run
}

/** The key that opens the job under the cursor of a list. */
export function openJobKey<Own, Facts, Row extends {readonly id: number}>(list: ListOf<Own, Facts, Row>): Key<Own, Facts> {
  return openKey(list, 'the job under the cursor', ({id}) => openJob(id))
}
