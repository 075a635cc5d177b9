import type {Action, Target} from '../action.ts'
import {counted} from '../cli/counted.ts'
import type {Job, State} from '../job.ts'
import {EVERY_JOB_TEXT} from '../queue/filter.ts'
import {foresee} from '../queue/foresee.ts'
import {jobsById} from '../queue/look-up.ts'
import type {Storage} from '../storage/storage.ts'
import {formatTime} from '../time-parse.ts'

/** Jobs that something is to be done to, and what is to be known before. */
export interface Picked {
  /** With state and fence as they were seen: one that changed since is left alone. */
  readonly targets: readonly Target[]
  /** They on a command line. */
  readonly words: readonly string[]
  /** `job 12`, `4,211 jobs`: those that would be changed. */
  readonly noun: string
  readonly facts: readonly string[]
  /** How many would be changed. */
  readonly changes: number
  /** Why others would not, in a few words; '' when there are none. */
  readonly leftAlone: string
  /** The jobs that would be changed, where they were seen one by one. */
  readonly jobs: readonly Job[] | null
}

/** Jobs that were seen. */
export function picked(kind: Action['kind'], jobs: readonly Job[]): Picked {
  const targets = jobs.map(({id, state, fence}) => ({id, seen: {state, fence}}))
  const [job] = jobs
  const changing = jobs.filter(({state}) => foresee(kind, state) === 'change')
  const which = jobs.length === 1 && job !== undefined ? [`In queue ${job.queue}, ${stateOf(job)}.`] : [`Jobs ${idRanges(jobs.map(({id}) => id)).join(', ')}.`, 'One that has changed since it was marked is left alone.']
  const facts = [...which, ...factsOf(kind, targets)]
  return {...summary(kind, targets), words: idRanges(jobs.map(({id}) => id)), facts, jobs: changing}
}

/**
 * Jobs that a filter matched.
 * @param matching the filter as text, what it matched, and when that was
 */
export async function pickedByFilter(
  kind: Action['kind'],
  {filter, targets, at}: {readonly filter: string; readonly targets: readonly Target[]; readonly at: string},
  storage: Pick<Storage, 'find'>,
): Promise<Picked> {
  const sum = summary(kind, targets)
  const [first, last] = [targets[0]?.id ?? 0, targets.at(-1)?.id ?? 0]
  const ends = await jobsById(storage, [first, last])
  const submitted = (id: number): string => formatTime(ends.get(id)?.createdAt ?? 0)
  const facts = [
    filter === '' ? 'All jobs, whatever their state.' : `All that match: ${filter}`,
    `Counted at ${at}: ${counted(targets.length, 'job')}. Those that come to match later are NOT touched.`,
    ...(ends.has(first) && ends.has(last) ? [`Oldest ${first} of ${submitted(first)}, newest ${last} of ${submitted(last)}.`] : []),
    ...factsOf(kind, targets),
  ]
  return {...sum, words: [...whereWords(filter), '--confirm', String(sum.changes)], facts, jobs: null}
}

/** A filter on a command line, which takes no blank one. */
export function whereWords(filter: string): readonly string[] {
  return ['--where', filter === '' ? EVERY_JOB_TEXT : filter]
}

function summary(kind: Action['kind'], targets: readonly Target[]): Pick<Picked, 'targets' | 'noun' | 'changes' | 'leftAlone'> {
  const changing = targets.filter(({seen}) => seen !== null && foresee(kind, seen.state) === 'change')
  const [only] = changing
  const noun = targets.length === 1 && only !== undefined ? `job ${only.id}` : counted(changing.length, 'job')
  return {targets, noun, changes: changing.length, leftAlone: leftAlone(kind, targets)}
}

/** What is done to handlers and what is left alone. */
function factsOf(kind: Action['kind'], targets: readonly Target[]): readonly string[] {
  const left = leftAlone(kind, targets)
  const running = targets.filter(({seen}) => seen?.state === 'processing').length
  const stopped = running === 0 ? 'Being processed: none.' : `Being processed: ${running.toLocaleString('en')}. What does not stop when it is told to is killed.`
  return [
    ...((kind === 'cancel' || kind === 'fail') && (targets.length > 1 || running > 0) ? [stopped] : []),
    ...(kind === 'delete' ? ['Payload, history and output go, too.'] : []),
    ...(kind === 'resubmit' ? [`${targets.length === 1 ? 'It begins' : 'They begin'} anew with attempt 1.`] : []),
    ...(left === '' ? [] : [`Left alone: ${left}.`]),
  ]
}

function leftAlone(kind: Action['kind'], targets: readonly Target[]): string {
  const states = targets.flatMap(({seen}): State[] => (seen === null || foresee(kind, seen.state) === 'change' ? [] : [seen.state]))
  return [...Map.groupBy(states, state => state)].map(([state, those]) => `${those.length.toLocaleString('en')} ${state}`).join(', ')
}

function stateOf({state, consumer, reason, error}: Job): string {
  return `${state}${state === 'processing' && consumer !== null ? ` by ${consumer}` : ''}${reason === null ? '' : ` (${reason})`}${error === null ? '' : `: ${error}`}`
}

/** Ids as command lines take them: `12 14-18`. No range has an id in it that was not given. */
export function idRanges(ids: readonly number[]): readonly string[] {
  const ranges: {from: number; to: number}[] = []
  for (const id of ids.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last !== undefined && id === last.to + 1) last.to = id
    else ranges.push({from: id, to: id})
  }
  return ranges.flatMap(({from, to}) => (from === to ? [String(from)] : to === from + 1 ? [String(from), String(to)] : [`${from}-${to}`]))
}
