import {counted} from '../cli/counted.ts'
import {changed} from '../cli/queue-command.ts'
import {reportLine} from '../cli/action-report.ts'
import {parseState} from '../cli/values.ts'
import {QctlError} from '../errors.ts'
import type {State, StateCounts} from '../job.ts'
import {and} from '../queue/filter.ts'
import type {Target} from '../storage/storage.ts'
import {type Act, commandLine} from './acts.ts'
import {checkBy} from './check.ts'
import {showHand} from './show-hand.ts'
import {grouped} from './shown.ts'
import type {Move} from './screen.ts'

/** What acts must know of a queue. */
export interface QueueFacts {
  readonly name: string
  readonly paused: boolean
  readonly pausedReason: string | null
  readonly counts: StateCounts
}

/** A command about a queue; a name that looks like a flag goes where it cannot be one. */
export function queueCommand(verb: string, name: string, flags: readonly string[] = []): string {
  return commandLine(['qctl', 'queues', verb, ...(name.startsWith('-') ? [...flags, '--', name] : [name, ...flags])])
}

/** Pauses, with a reason that is asked for; resumes at once. */
export function pauseOrResume(queue: QueueFacts): Move {
  if (queue.paused) return {kind: 'act', act: resume(queue)}
  return {
    kind: 'prompt',
    prompt: {label: `why is ${queue.name} paused (Enter: no reason)?`, text: '', submit: reason => ({kind: 'act', act: pause(queue, reason.trim() === '' ? null : reason.trim())})},
  }
}

function pause(queue: QueueFacts, reason: string | null): Act {
  const {name, counts} = queue
  return {
    title: `Pause ${name}?`,
    facts: [`Nothing more of it is handed out: ${grouped(counts.pending)} pending stay where they are. What is being processed (${grouped(counts.processing)}) goes on.`, 'Undo: yes, U or P.'],
    cli: queueCommand('pause', name, reason === null ? [] : ['--reason', reason]),
    tier: {kind: 'ask'},
    run: async ({session, actor}) => {
      const by = {actor, reason: reason === null ? 'queues pause' : `queues pause: ${reason}`}
      await changed(name, session.storage.setQueue(name, {create: 'never', paused: {paused: true, reason}, by}))
      return {notice: `${name} is paused`, undo: resume({...queue, paused: true, pausedReason: reason})}
    },
  }
}

function resume(queue: QueueFacts): Act {
  const {name, pausedReason} = queue
  return {
    title: `Resume ${name}`,
    facts: [],
    cli: queueCommand('resume', name),
    tier: {kind: 'at_once'},
    run: async ({session, actor}) => {
      await changed(name, session.storage.setQueue(name, {create: 'never', paused: {paused: false, reason: null}, by: {actor, reason: 'queues resume'}}))
      return {notice: `${name} is active again`, undo: pause({...queue, paused: false}, pausedReason)}
    },
  }
}

/** Asks for states, then for the number of the jobs in them as a word. */
export function purge(name: string): Move {
  return {
    kind: 'prompt',
    prompt: {
      label: `delete jobs of ${name} in which states?`,
      text: 'pending',
      check: checkBy(text => statesOf(text)),
      submit: text => ({kind: 'prepare', what: `counting the jobs of ${name}`, prepare: ({session, onProgress}) => purgeOf(name, statesOf(text), states => session.inspector.snapshot(states, found => onProgress(found, 0)))}),
    },
  }
}

function statesOf(text: string): readonly State[] {
  const words = text.split(/[\s,]+/).filter(word => word !== '')
  if (words.length === 0) throw new QctlError('usage', 'name a state: pending, done, failed, cancelled')
  const states = [...new Set(words.map(parseState))]
  if (states.includes('processing')) throw new QctlError('usage', 'what is being processed cannot be deleted: cancel it')
  return states
}

async function purgeOf(name: string, states: readonly State[], snapshot: (filter: ReturnType<typeof and>) => Promise<readonly Target[]>): Promise<Act> {
  const targets = await snapshot(and({kind: 'text', field: 'queue', op: 'in', values: [name]}, {kind: 'state', states}))
  const [oldest, newest] = [targets[0], targets.at(-1)]
  if (oldest === undefined || newest === undefined) throw new QctlError('not_found', `${name} has no job that is ${states.join(' or ')}`)
  return {
    title: `Delete ${counted(targets.length, 'job')} of ${name}?`,
    facts: [`queue=${name} state=${states.join(',')}, from job ${oldest.id} to job ${newest.id}. Jobs that come later, and those that change meanwhile, are not touched. Payload, history and output are removed.`, 'Undo: no.'],
    cli: queueCommand('purge', name, ['--state', states.join(','), '--confirm', String(targets.length)]),
    tier: {kind: 'type', word: String(targets.length)},
    run: async ({session, actor, signal, onProgress}) => {
      const action = {kind: 'delete', reason: 'queues purge'} as const
      return {notice: reportLine(await session.inspector.act(action, targets, {actor, waitMs: null, reap: async () => {}, onProgress, signal}))}
    },
  }
}

/** Deletes a queue; its name has to be typed. */
export function deleteQueue(name: string): Move {
  return {kind: 'prepare', what: `looking at ${name}`, prepare: async ({session}) => {
    const [queue] = await session.storage.queues([name])
    if (queue === undefined) throw new QctlError('not_found', `there is no queue ${name} any more`)
    return deletion(queue)
  }}
}

function deletion({name, counts}: Pick<QueueFacts, 'name' | 'counts'>): Act {
  const jobs = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const force = jobs > 0
  const lost = force ? `With it go ${counted(jobs, 'job')}, ${grouped(counts.pending)} of them pending, with payload, history and output.` : 'It is empty. Should a job come meanwhile, the queue stays.'
  return {
    title: `Delete the queue ${name}?`,
    facts: [lost, 'Refused while jobs of it are being processed, and while it is the dead-letter queue of another.', 'Undo: no.'],
    cli: queueCommand('delete', name, force ? ['--force', '--confirm', String(jobs)] : []),
    tier: {kind: 'type', word: name},
    run: async ({session, actor}) => {
      const by = {actor, reason: force ? `queues delete, with ${counted(jobs, 'job')}` : 'queues delete'}
      await changed(name, session.storage.deleteQueue(name, {force, by}))
      return {notice: `the queue ${name} is gone${force ? `, with ${counted(jobs, 'job')}` : ''}`}
    },
  }
}

/** Takes the next job into the hand, or shows the one that is there. */
export function takeByHand(name: string): Act {
  return {
    title: `Take the next job of ${name} by hand?`,
    facts: [
      'This console registers as a consumer, claims one job and shows it to you. No handler runs. You then say what became of it: done, failed, or back.',
      'The lease is kept meanwhile; there is no time limit. When you leave the console the job goes back, and the attempt does not count.',
      'There is no such command: it is done here.',
    ],
    cli: null,
    tier: {kind: 'ask'},
    run: async ({beside}) => {
      const job = await beside.hand.take(name)
      if (job === null) throw new QctlError('not_found', `nothing of ${name} can be taken now`, {hint: 'is it empty, paused, or at its limit?'})
      return {notice: `job ${job.lease.id} is in your hand`, moves: [showHand()]}
    },
  }
}
