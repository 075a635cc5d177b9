import type {Job} from '../job.ts'
import {assignJobs, cancelJobs, type Chosen, deleteJobs, failJobs, resubmitJobs} from './acts-of-jobs.ts'
import type {Key, Moment, Move} from './screen.ts'
import {openExplanation} from './screens/explain.tsx'

/** Where keys find the jobs they are for. */
export interface JobsOf<Own, Facts> {
  /** The job under the cursor. */
  readonly under: (moment: Moment<Own, Facts>) => Job | null
  /** What an act is for, and what follows it; `null` when there is nothing. */
  readonly chosen: (moment: Moment<Own, Facts>, kind: 'delete' | 'other') => Chosen | null
  /** What is remembered from now on, whatever becomes of the question. */
  readonly asked: (moment: Moment<Own, Facts>) => Own
  readonly consumers: (moment: Moment<Own, Facts>) => readonly string[]
}

/** The keys that do something to jobs, or say something about the one under the cursor. */
export function keysForJobs<Own, Facts>(jobs: JobsOf<Own, Facts>): readonly Key<Own, Facts>[] {
  type Here = Moment<Own, Facts>
  const act = (name: string, label: string, help: string, move: (chosen: Chosen, moment: Here) => Move<never>): Key<Own, Facts> => ({
    keys: [name],
    label,
    help,
    acts: true,
    press: moment => {
      const chosen = jobs.chosen(moment, name === 'D' ? 'delete' : 'other')
      if (chosen === null) return {kind: 'notice', text: 'there is no job here, or it is still being looked for'}
      return [{kind: 'own', own: jobs.asked(moment)}, move(chosen, moment)]
    },
  })
  const look = (name: string, label: string, help: string, move: (job: Job) => Move<never>): Key<Own, Facts> => ({
    keys: [name],
    label,
    help,
    press: moment => {
      const job = jobs.under(moment)
      return job === null ? [] : move(job)
    },
  })
  return [
    look('e', 'explain', 'why a job is as it is, and what to do about it', ({id}) => openExplanation(id)),
    look('y', 'copy id', 'copy the id (to the clipboard of the terminal)', ({id}) => ({kind: 'copy', text: String(id)})),
    act('R', 'resubmit', 'run again from the first attempt; waiting: now', (chosen, {at}) => resubmitJobs(chosen, at)),
    act('C', 'cancel', 'cancel; stops the handler if it runs', cancelJobs),
    act('X', 'fail', 'mark as failed, for a reason', failJobs),
    act('D', 'delete', 'delete with payload, history and output', deleteJobs),
    act('M', 'assign', 'assign to one consumer for a while', (chosen, moment) => assignJobs(chosen, jobs.consumers(moment))),
  ]
}
