import type {Action, Target} from '../action.ts'
import {reportLine} from '../cli/action-report.ts'
import {counted} from '../cli/counted.ts'
import {parseName, parseSpanOrNever} from '../cli/values.ts'
import {QctlError} from '../errors.ts'
import {DEFAULT_ASSIGNMENT_MS, type Job} from '../job.ts'
import type {ActionReport} from '../queue/action-report.ts'
import {parseFilter} from '../queue/filter-parse.ts'
import {formatDuration, systemClock} from '../time.ts'
import {type Act, commandLine, type Done, type Hands, type Tier, tierOf} from './acts.ts'
import {checkBy} from './check.ts'
import {idRanges, type Picked, picked, pickedByFilter, whereWords} from './picked.ts'
import type {Move} from './screen.ts'
import {clockTime} from './shown.ts'

/** Which jobs an act is for: some that were seen, or all that match (as `--where` takes it) when it is asked for. */
export type Choice = {readonly kind: 'jobs'; readonly jobs: readonly Job[]} | {readonly kind: 'matching'; readonly filter: string}

/** What is chosen, and what follows on the screen when something was done to it. */
export interface Chosen {
  readonly choice: Choice
  readonly moves?: readonly Move[]
  /** What speaks against it; then it is asked for in any case. */
  readonly warning?: string | null
}

/** Handlers that are told to stop mostly do at once: so long the report waits for them. */
const SETTLE_MS = 2000
/** For the history, where nobody gives a reason. */
const BY_HAND = 'by hand'

/** Cancels jobs. */
export function cancelJobs(chosen: Chosen): Move<never> {
  return doing({kind: 'cancel', reason: BY_HAND}, [], chosen)
}

/**
 * Puts jobs back to the start: finished ones, or, where none is, those that wait for their time.
 * @param now UTC ms
 */
export function resubmitJobs(chosen: Chosen, now: number): Move<never> {
  const {choice, moves = []} = chosen
  if (choice.kind !== 'jobs' || choice.jobs.some(({state}) => state !== 'pending')) return doing({kind: 'resubmit', reason: BY_HAND}, [], chosen)
  const waiting = choice.jobs.filter(({runAt}) => runAt > now)
  return waiting.length === 0 ? dueAlready(choice.jobs) : {kind: 'act', act: runNow(waiting, moves)}
}

/** A job that failed before, and is to run again, looks as if it could be told to. */
function dueAlready(jobs: readonly Job[]): Move<never> {
  const [job] = jobs
  const which = jobs.length === 1 && job !== undefined ? `job ${job.id} is due already: it runs` : `these ${counted(jobs.length, 'job')} are due already: they run`
  return {kind: 'notice', text: `nothing to resubmit: ${which} as soon as a consumer has room; e says what it is waiting for`, tone: 'warning'}
}

/** Deletes jobs. */
export function deleteJobs(chosen: Chosen): Move<never> {
  return doing({kind: 'delete', reason: BY_HAND}, [], chosen)
}

/** Marks jobs as failed, for a reason that is asked for. */
export function failJobs(chosen: Chosen): Move<never> {
  const submit = (text: string): Move<never> => {
    const reason = text.trim()
    return doing({kind: 'fail', reason: reason === '' ? BY_HAND : reason}, reason === '' ? [] : ['--reason', reason], chosen)
  }
  return idle('fail', chosen) ?? {kind: 'prompt', prompt: {label: 'fail, because:', text: '', submit}}
}

/**
 * Reserves jobs for a consumer, which is asked for.
 * @param consumers who there is
 */
export function assignJobs(chosen: Chosen, consumers: readonly string[]): Move<never> {
  const flags = ({consumer = '', span = ''}: Readonly<Record<string, string>>): string[] => ['--consumer', consumer === '' ? 'NAME' : consumer, '--for', span]
  const fields = [
    {name: 'consumer', label: 'only consumer', value: '', hint: consumers.slice(0, 5).join(', '), check: checkBy(parseName)},
    {name: 'span', label: 'for', value: formatDuration(DEFAULT_ASSIGNMENT_MS), hint: '10m, 2h, never', check: checkBy(parseSpanOrNever)},
  ]
  const submit = (values: Readonly<Record<string, string>>): Move<never> => {
    const {consumer = '', span = ''} = values
    const warning = consumers.includes(consumer) ? null : `There is no consumer ${consumer} now. Until one of that name comes, or the time is over, nobody takes what is assigned.`
    return doing({kind: 'assign', reason: BY_HAND, consumer, forMs: parseSpanOrNever(span)}, flags(values), {...chosen, warning})
  }
  return idle('assign', chosen) ?? {kind: 'form', form: {title: `Assign ${nameOf(chosen.choice)}`, fields, cli: values => draftLine(chosen.choice, flags(values)), submit}}
}

function nameOf(choice: Choice): string {
  if (choice.kind === 'matching') return 'all jobs that match'
  const [job] = choice.jobs
  return choice.jobs.length === 1 && job !== undefined ? `job ${job.id}` : counted(choice.jobs.length, 'job')
}

/** The command before it is known how many jobs match. */
function draftLine(choice: Choice, flags: readonly string[]): string {
  const words = choice.kind === 'matching' ? whereWords(choice.filter) : picked('assign', choice.jobs).words
  return commandLine(['qctl', 'jobs', 'assign', ...words, ...flags])
}

/** That nothing would be changed: said before anything is asked. `null` when something would, or may. */
function idle(kind: Action['kind'], {choice}: Chosen): Move<never> | null {
  const jobs = choice.kind === 'jobs' ? picked(kind, choice.jobs) : null
  return jobs === null || jobs.changes > 0 ? null : {kind: 'notice', text: nothing({kind}, jobs), tone: 'warning'}
}

/** What comes of a key: an act, or the counting before it. */
function doing(action: Action, flags: readonly string[], chosen: Chosen): Move<never> {
  const {choice, moves = [], warning = null} = chosen
  if (choice.kind === 'jobs') return idle(action.kind, chosen) ?? {kind: 'act', act: actOn(picked(action.kind, choice.jobs), {action, flags, moves, warning})}
  const {filter} = choice
  const prepare = async ({session, signal, onProgress}: Hands): Promise<Act> => {
    const now = systemClock.wallNow()
    const targets = await session.inspector.snapshot(parseFilter(filter, now), found => {
      signal.throwIfAborted()
      onProgress(found, 0)
    })
    const jobs = await pickedByFilter(action.kind, {filter, targets, at: clockTime(now)}, session.storage)
    if (jobs.changes === 0) throw new QctlError('conflict', nothing(action, jobs))
    return actOn(jobs, {action, flags, moves, warning})
  }
  return {kind: 'prepare', what: 'counting what matches', prepare}
}

function nothing({kind}: Pick<Action, 'kind'>, {leftAlone}: Picked): string {
  return leftAlone === '' ? `nothing to ${kind}: no job matches` : `nothing to ${kind}: ${leftAlone}`
}

/** What is done to jobs, and what follows. */
interface Doing {
  readonly action: Action
  /** Beside the jobs, on the command line. */
  readonly flags: readonly string[]
  readonly moves: readonly Move[]
  readonly warning: string | null
}

function actOn(jobs: Picked, {action, flags, moves, warning}: Doing): Act {
  const {kind} = action
  const takeBack = undoing(action, jobs)
  return {
    title: `${kind.charAt(0).toUpperCase()}${kind.slice(1)} ${jobs.noun}?`,
    facts: [...(warning === null ? [] : [warning]), ...jobs.facts, takeBack === null ? 'Undo: no.' : 'Undo: U, at once.'],
    cli: commandLine(['qctl', 'jobs', kind, ...jobs.words, ...flags]),
    tier: tierFor(action, jobs, warning !== null),
    run: async hands => {
      const report = await carryOut(action, jobs.targets, hands)
      const undo = takeBack?.(report) ?? null
      return {notice: reportLine(report), moves, ...(undo === null ? {} : {undo})}
    },
  }
}

/** A form was a question, unless something speaks against what was filled in. */
function tierFor({kind}: Action, {jobs, changes}: Picked, isDoubtful: boolean): Tier {
  const tier = tierOf(changes, {typed: jobs === null})
  return kind === 'assign' && !isDoubtful && tier.kind === 'ask' ? {kind: 'at_once'} : tier
}

async function carryOut(action: Action, targets: readonly Target[], {session, actor, reap, signal, onProgress}: Hands): Promise<ActionReport> {
  let gone = 0
  const progress = (done: number, total: number): void => {
    gone = done
    onProgress(done, total)
  }
  try {
    return await session.inspector.act(action, targets, {actor, waitMs: SETTLE_MS, reap, onProgress: progress, signal})
  } catch (error) {
    if (!signal.aborted) throw error
    throw new QctlError('usage', `stopped: ${gone.toLocaleString('en')} of ${counted(targets.length, 'job')} gone through`)
  }
}

/**
 * How something is taken back, given what became of it: only where all is as it was afterwards. A job that had been run, or was to run
 * later, is another one when it was resubmitted.
 * @returns `null` where that cannot be
 */
function undoing(action: Action, {jobs}: Picked): ((report: ActionReport) => Act | null) | null {
  if (jobs === null) return null
  if (action.kind === 'cancel' && jobs.every(isNew)) return report => restoring({kind: 'resubmit', reason: 'undo'}, {jobs, state: 'cancelled', report})
  if (action.kind !== 'assign' || !jobs.every(({assignedTo}) => assignedTo === null)) return null
  // An assignment that is over lets anyone take it.
  return report => restoring({...action, reason: 'undo', forMs: 1}, {jobs, state: 'pending', report})
}

function isNew({state, attempts, snoozes, startedAt, runAt, updatedAt}: Job): boolean {
  return state === 'pending' && attempts === 0 && snoozes === 0 && startedAt === null && runAt <= updatedAt
}

/** Runs jobs that wait for their time. That is to cancel and resubmit them: they begin anew. */
function runNow(jobs: readonly Job[], moves: readonly Move[]): Act {
  const ids = idRanges(jobs.map(({id}) => id))
  const noun = jobs.length === 1 ? `job ${ids.join()}` : counted(jobs.length, 'job')
  return {
    title: `Run ${noun} now?`,
    facts: [`${jobs.length === 1 ? 'It waits for its time' : `Jobs ${ids.join(', ')} wait for their time`}; cancelled and resubmitted, ${jobs.length === 1 ? 'it begins' : 'they begin'} anew with attempt 1.`, 'Undo: no.'],
    cli: [commandLine(['qctl', 'jobs', 'cancel', ...ids]), commandLine(['qctl', 'jobs', 'resubmit', ...ids])].join(' && '),
    tier: tierOf(jobs.length),
    run: async hands => {
      const cancelled = await carryOut({kind: 'cancel', reason: 'to run now'}, jobs.map(({id, state, fence}) => ({id, seen: {state, fence}})), hands)
      const report = await carryOut({kind: 'resubmit', reason: 'to run now'}, changed({jobs, state: 'cancelled', report: cancelled}), hands)
      return {notice: [reportLine(report), ...(cancelled.changed === jobs.length ? [] : [`of the others: ${reportLine(cancelled)}`])].join('; '), moves}
    },
  }
}

interface Changed {
  readonly jobs: readonly Job[]
  /** In which they are now, if nobody else changed them. */
  readonly state: Job['state']
  readonly report: ActionReport
}

/** The jobs that an act changed, as they are since. */
function changed({jobs, state, report}: Changed): readonly Target[] {
  const others = new Set([...report.already, ...report.missing, ...report.refused, ...report.open].map(({id}) => id))
  return jobs.filter(({id}) => !others.has(id)).map(({id, fence}) => ({id, seen: {state, fence}}))
}

function restoring(action: Action, what: Changed): Act | null {
  const targets = changed(what)
  if (targets.length === 0) return null
  return {
    title: `Undo of ${counted(targets.length, 'job')}`,
    facts: [],
    cli: '',
    tier: {kind: 'at_once'},
    run: async (hands): Promise<Done> => {
      const report = await carryOut(action, targets, hands)
      return {notice: `undone: ${action.kind === 'assign' ? reportLine(report, 'free for any consumer again') : reportLine(report)}`}
    },
  }
}
