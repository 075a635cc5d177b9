/**
 * The auditor: compares what producers were told, what handlers saw and what the queue says in the end. It knows nothing of
 * qctl, so that it can be shown to find fault with a queue that is broken (`control/broken-queue.ts`).
 */

/** What one call of a producer came to. `info`: it may or may not be stored (exit 74, or killed). */
export interface Submission {
  readonly outcome: 'ok' | 'fail' | 'info'
  /** The payload of each job of the call. */
  readonly payloads: readonly string[]
  /** The ids it printed. */
  readonly ids: readonly number[]
}

/** One line of the ledger that handlers keep: `start|end ID ATTEMPT FENCE PID BOOTCLOCK free|held`. */
interface LedgerLine {
  readonly what: 'start' | 'end'
  readonly id: number
  readonly attempt: number
  readonly fence: number
  readonly pid: number
  readonly clock: number
  /** `held`: another process of the same job was alive when this one started. */
  readonly lock: string
}

/** One execution of a handler. Its place in the ledger orders it against all others. */
export interface Visit {
  readonly id: number
  readonly attempt: number
  readonly fence: number
  readonly pid: number
  readonly start: number
  /** `null` = killed, or still running. */
  readonly end: number | null
  readonly startedAt: number
  readonly endedAt: number | null
  readonly overlapped: boolean
}

/** A job as the queue has it in the end. */
export interface FinalJob {
  readonly id: number
  readonly state: string
  readonly payload: string
  /** The last fence that was granted. */
  readonly fence: number
  /** The fences of the runs whose success was accepted. */
  readonly acked: readonly number[]
}

/** What is wrong; all empty when the promises were kept. */
export interface Findings {
  /** L: told to the producer as stored, but absent or changed; or told as not stored and present. */
  readonly lost: readonly string[]
  /** C: two handlers of one job at the same time. */
  readonly concurrent: readonly string[]
  /** F: the queue accepted the end of a run that was not the last one granted. */
  readonly fence: readonly string[]
  /** S: not in a final state. */
  readonly stuck: readonly string[]
  /** D: how many executions there were beyond one per job. */
  readonly extra: number
}

export interface Evidence {
  readonly submissions: readonly Submission[]
  /** The text of the ledger. */
  readonly ledger: string
  readonly jobs: readonly FinalJob[]
}

const FINAL = new Set(['done', 'failed', 'cancelled'])

/** Judges the evidence. */
export function audit({submissions, ledger, jobs}: Evidence): Findings {
  const visits = visitsOf(ledger)
  const byId = Map.groupBy(visits, ({id}) => id)
  return {
    lost: [...lostOf(submissions, jobs), ...strangers(visits, jobs)],
    concurrent: [...byId.values()].flatMap(overlapsOf),
    fence: jobs.flatMap(job => fenceFaults(job, byId.get(job.id) ?? [])),
    stuck: jobs.filter(({state}) => !FINAL.has(state)).map(({id, state}) => `job ${id} is ${state}`),
    extra: visits.length - byId.size,
  }
}

/** The executions a ledger tells of, in the order they started. */
export function visitsOf(ledger: string): Visit[] {
  const lines = ledger.split('\n').slice(0, -1).map(parse)
  const ends = new Map(lines.flatMap((line, i) => (line.what === 'end' ? [[visitKey(line), i] as const] : [])))
  return lines.flatMap((line, i): Visit[] => {
    if (line.what === 'end') return []
    const end = ends.get(visitKey(line)) ?? null
    const {id, attempt, fence, pid, clock, lock} = line
    const endedAt = end === null ? null : (lines[end]?.clock ?? null)
    return [{id, attempt, fence, pid, start: i, end, startedAt: clock, endedAt, overlapped: lock === 'held'}]
  })
}

function visitKey({id, fence, pid}: LedgerLine): string {
  return `${id}.${fence}.${pid}`
}

function parse(line: string): LedgerLine {
  const match = /^(start|end) (\d+) (\d+) (\d+) (\d+) (\d+\.\d+) (\w+)$/.exec(line)
  if (match === null) throw new Error(`not a line of a ledger: ${JSON.stringify(line)}`)
  const [, what, id, attempt, fence, pid, clock, lock = ''] = match
  return {
    what: what === 'start' ? 'start' : 'end',
    id: Number(id),
    attempt: Number(attempt),
    fence: Number(fence),
    pid: Number(pid),
    clock: Number(clock),
    lock,
  }
}

function lostOf(submissions: readonly Submission[], jobs: readonly FinalJob[]): string[] {
  const byId = new Map(jobs.map(job => [job.id, job]))
  const failed = new Set(submissions.flatMap(({outcome, payloads}) => (outcome === 'fail' ? payloads : [])))
  const stored = submissions.filter(({outcome}) => outcome === 'ok')
  const misnumbered = stored
    .filter(({ids, payloads}) => ids.length !== payloads.length)
    .map(({ids, payloads}) => `${ids.length} ids were printed for ${payloads.length} jobs`)
  const missing = stored.flatMap(({ids, payloads}) =>
    ids.flatMap((id, i) => {
      const job = byId.get(id)
      if (job === undefined) return [`job ${id} (${payloads[i]}) is gone`]
      return job.payload === payloads[i] ? [] : [`job ${id} has the payload ${job.payload}, not ${payloads[i]}`]
    }),
  )
  const unwanted = jobs.filter(({payload}) => failed.has(payload)).map(({id}) => `job ${id} was said not to be stored`)
  const given = stored.flatMap(({ids}) => ids)
  const twice = given.length === new Set(given).size ? [] : ['an id was given out twice']
  return [...misnumbered, ...missing, ...unwanted, ...twice]
}

/** Handlers that ran for jobs that are not there. */
function strangers(visits: readonly Visit[], jobs: readonly FinalJob[]): string[] {
  const known = new Set(jobs.map(({id}) => id))
  return [...new Set(visits.map(({id}) => id).filter(id => !known.has(id)))].map(id => `job ${id} was run but is gone`)
}

/**
 * Overlaps of one job's executions. One without an end lasts until its process and all its children are gone, which the
 * kernel knows: the next one then finds the job's lock held.
 */
function overlapsOf(visits: readonly Visit[]): string[] {
  return visits.flatMap((visit, i) => {
    const running = visits.slice(0, i).find(({end}) => end !== null && end > visit.start)
    if (running === undefined && !visit.overlapped) return []
    return [`job ${visit.id}: fence ${visit.fence} (pid ${visit.pid}) began while ${running === undefined ? 'another' : `fence ${running.fence}`} ran`]
  })
}

function fenceFaults({id, fence, state, acked}: FinalJob, visits: readonly Visit[]): string[] {
  const seen = Math.max(0, ...visits.map(visit => visit.fence))
  const late = acked.filter(run => run < fence).map(run => `job ${id}: the success of fence ${run} was accepted after ${fence} was granted`)
  const unknown = seen > fence ? [`job ${id}: a handler ran with fence ${seen}, the job has ${fence}`] : []
  const unrun = state === 'done' && !visits.some(visit => visit.end !== null && visit.fence === fence)
  const twice = visits.length > new Set(visits.map(visit => visit.fence)).size ? [`job ${id}: a fence was given to two handlers`] : []
  return [...late, ...unknown, ...twice, ...(unrun ? [`job ${id} is done, but no handler ended with its last fence`] : [])]
}
