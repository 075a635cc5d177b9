import type {RunOutcome} from '../job.ts'
import type {Counted} from '../standing.ts'
import {formatDuration, formatDurationShort} from '../time.ts'
import {formatTime} from '../time-parse.ts'
import type {Candidate, Explanation, Reason} from './explain.ts'

/** A reason in plain words. */
export interface Wording {
  readonly text: string
  /** The one command that does something about it; `null` when time or others will. */
  readonly fix: string | null
}

/**
 * Puts a reason into words.
 * @param reason one of the explanation's
 */
export function wordingOf(reason: Reason, explanation: Explanation): Wording {
  const {id, now} = explanation
  const ago = (at: number | null): string => (at === null ? '' : ` ${formatDurationShort(Math.max(0, now - at))} ago`)
  const when = (at: number): string => `${formatTime(at)}, in ${formatDurationShort(Math.max(0, at - now))}`
  const runNow = `qctl jobs cancel ${id} && qctl jobs resubmit ${id}`
  switch (reason.code) {
    case 'queue_paused': {
      const why = reason.reason === null ? 'no reason was given' : reason.reason
      return {text: `queue ${reason.queue} was paused${ago(reason.pausedAt)}: ${why}`, fix: `qctl queues resume ${reason.queue}`}
    }
    case 'delayed':
      return {text: `it is not to run before ${when(reason.runAt)}`, fix: runNow}
    case 'snoozed':
      return {text: `its handler put it off (${timesWord(reason.snoozes)} so far); it runs again at ${when(reason.runAt)}`, fix: runNow}
    case 'backing_off':
      return {text: `${backingOff(reason)}; it runs again at ${when(reason.runAt)}`, fix: runNow}
    case 'limit_reached': {
      const holders = reason.holders.map(({consumer, jobs}) => `${consumer} has ${jobs}`).join(', ')
      const text = `queue ${reason.queue} may process ${jobs(reason.concurrency)} at once and does${holders === '' ? '' : `: ${holders}`}`
      return {text, fix: `qctl queues set ${reason.queue} --concurrency ${reason.processing + 1}`}
    }
    case 'assigned':
    case 'assigned_to_nobody':
    case 'assigned_to_dead':
    case 'assigned_elsewhere':
      return assigned(reason, id, when)
    case 'suspect':
      return {
        text: 'its consumer died while it ran: until it is known whether that was its doing it runs alone, and waits for a consumer with nothing else in hand',
        fix: null,
      }
    case 'no_consumer':
      return {text: `nobody consumes queue ${reason.queue}`, fix: `qctl consume -Q ${reason.queue} -- COMMAND`}
    case 'consumers_dead':
      return {
        text: `nobody consumes queue ${reason.queue} any more: ${reason.consumers.join(', ')} died`,
        fix: `qctl consume -Q ${reason.queue} -- COMMAND`,
      }
    case 'consumers_busy':
      return {text: busy(reason.consumers), fix: `qctl consume -Q ${reason.queue} -- COMMAND`}
    case 'suspect_first':
      return {
        text:
          reason.suspect === null
            ? `consumer ${reason.consumer} runs a job that must run alone`
            : `consumer ${reason.consumer} has to run job ${reason.suspect} first, and that one alone`,
        fix: null,
      }
    case 'earlier_queues': {
      const earlier = reason.earlier.map(({queue, jobs: count}) => `${countedJobs(count)} in ${queue}`).join(', ')
      return {text: `consumer ${reason.consumer} serves other queues first: ${earlier}`, fix: `qctl consume -Q ${reason.queue} -- COMMAND`}
    }
    case 'behind':
      return {
        text: `${countedJobs(reason.ahead)} of queue ${reason.queue} ${one(reason.ahead) ? 'goes' : 'go'} first, by priority or age`,
        fix: `qctl consume -Q ${reason.queue} -- COMMAND`,
      }
    case 'ready':
      return {text: `consumer ${reason.consumer} takes it ${reason.after === 0 ? 'next' : `after ${jobs(reason.after)}`}`, fix: null}
    case 'processing': {
      const left = reason.leaseRemainingMs ?? 0
      const lease = left > 0 ? `, ${formatDurationShort(left)} of its lease left` : ''
      return {
        text: `consumer ${reason.consumer} (pid ${reason.pid} on ${reason.host}) has been at it since ${formatTime(reason.startedAt)}${lease}`,
        fix: `qctl jobs cancel ${id}`,
      }
    }
    case 'requested':
      return {text: `its ${reason.requested} was requested and is not done yet: the handler has to be gone first`, fix: `qctl jobs wait ${id}`}
    case 'holder_dead':
      return {
        text: `consumer ${reason.consumer} (pid ${reason.pid} on ${reason.host}) is dead; a running consumer gives the job back within 2 s, and so does this`,
        fix: 'qctl reap --once',
      }
    case 'holder_unreachable':
      return {
        text: `whether consumer ${reason.consumer} lives cannot be told from here (another host or pid namespace): the end of its lease decides`,
        fix: null,
      }
    case 'lease_expired':
      return {text: `the lease of consumer ${reason.consumer} has ended; a running consumer gives the job back, and so does this`, fix: 'qctl reap --once'}
    case 'heartbeat_late':
      return {
        text: `consumer ${reason.consumer} is late to prolong its lease of ${formatDuration(reason.leaseMs)}: ${formatDurationShort(reason.leaseRemainingMs)} left, then the job is given back`,
        fix: null,
      }
    case 'survivors':
      return {
        text: `${reason.pids.map(pid => `pid ${pid}`).join(', ')} still ${reason.pids.length === 1 ? 'runs' : 'run'} it, and nobody else gets it before that is gone; what does not end even when it is killed hangs in the kernel`,
        fix: 'qctl reap --once',
      }
    case 'done':
      return {text: `it was done${ago(reason.finishedAt)}; resubmitted, it would run again`, fix: `qctl jobs resubmit ${id}`}
    case 'cancelled':
      return {text: `it was cancelled${ago(reason.finishedAt)}; resubmitted, it would run as if it were new`, fix: `qctl jobs resubmit ${id}`}
    case 'failed':
      return {text: `${failed(reason, ago)}; resubmitted, it would begin with attempt 1`, fix: `qctl jobs resubmit ${id}`}
    case 'key_taken':
      return {text: `it cannot be resubmitted: its key ${reason.key} is held by job ${reason.jobId}, which is not finished`, fix: `qctl jobs explain ${reason.jobId}`}
    case 'key_kept':
      return {text: `it keeps its key ${reason.key} until ${when(reason.keptUntil)}: produce --key answers with this job until then`, fix: null}
    case 'dead_letter':
      return {text: `job ${reason.jobId} in the dead-letter queue is a copy of it`, fix: `qctl jobs explain ${reason.jobId}`}
    case 'dead_letter_of':
      return {text: `it is the copy of job ${reason.jobId}, which failed`, fix: `qctl jobs explain ${reason.jobId}`}
  }
}

type Of<Code extends Reason['code']> = Extract<Reason, {readonly code: Code}>

function assigned(
  {code, consumer, assignedUntil, queue}: Of<'assigned' | 'assigned_to_nobody' | 'assigned_to_dead' | 'assigned_elsewhere'>,
  id: number,
  when: (at: number) => string,
): Wording {
  const until = assignedUntil === null ? 'for ever' : `until ${when(assignedUntil)}`
  const only = `only consumer ${consumer} may take it, ${until}`
  const start = `qctl consume --name ${consumer} -Q ${queue} -- COMMAND`
  if (code === 'assigned') return {text: only, fix: `qctl jobs assign ${id} --consumer NAME`}
  if (code === 'assigned_to_nobody') return {text: `${only}, and there is none of that name`, fix: start}
  if (code === 'assigned_to_dead') return {text: `${only}, and that one died`, fix: start}
  return {text: `${only}, and that one does not serve queue ${queue}`, fix: `qctl jobs assign ${id} --consumer NAME`}
}

const OUTCOMES: Readonly<Partial<Record<RunOutcome, string>>> = {
  failed: 'failed',
  timed_out: 'ran out of time',
  crashed: 'crashed',
  unrunnable: 'could not be started',
  lost: 'was lost with its consumer',
  released: 'was given back',
}

function backingOff({attempts, maxAttempts, outcome, error}: Of<'backing_off'>): string {
  const attempt = outcome === 'unrunnable' || outcome === 'released' ? 'its last run' : `attempt ${attempts}${maxAttempts === null ? '' : ` of ${maxAttempts}`}`
  return `${attempt} ${OUTCOMES[outcome] ?? outcome}${error === null ? '' : ` (${error})`}`
}

function failed({finishedAt, reason, error, exitCode, signal, attempts}: Of<'failed'>, ago: (at: number | null) => string): string {
  const why: Readonly<Record<string, string>> = {
    attempts: `all ${attempts} attempts were used up`,
    permanent: 'its handler said that no further attempt helps',
    timeout: 'its last attempt ran out of time',
    poison: 'it crashed too often',
    corrupt: 'its payload does not match its checksum',
    admin: 'somebody failed it',
  }
  const end = signal === null ? (exitCode === null ? null : `exit ${exitCode}`) : signal
  const fact = error ?? end
  return `it failed${ago(finishedAt)}, because ${why[reason ?? ''] ?? 'it failed'}${fact === null ? '' : ` (${fact})`}`
}

function busy(consumers: readonly Candidate[]): string {
  const each = consumers.map(({consumer, jobs: count, concurrency, holding}) => {
    const named = holding.map(String).join(', ')
    const more = count - holding.length
    return `${consumer} has ${count} of ${concurrency} in hand (${count === 1 ? 'job' : 'jobs'} ${named}${more > 0 ? ` and ${more} more` : ''})`
  })
  return `every slot is taken: ${each.join('; ')}`
}

function jobs(count: number): string {
  return `${count.toLocaleString('en')} ${count === 1 ? 'job' : 'jobs'}`
}

function countedJobs({count, isMore}: Counted): string {
  return isMore ? `more than ${jobs(count)}` : jobs(count)
}

function one({count, isMore}: Counted): boolean {
  return count === 1 && !isMore
}

function timesWord(count: number): string {
  return count === 1 ? 'once' : `${count.toLocaleString('en')} times`
}
