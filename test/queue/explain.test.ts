import {describe, expect, test} from 'bun:test'
import type {Job} from '../../src/lib/job.ts'
import {explain, type Eyes, type Reason} from '../../src/lib/queue/explain.ts'
import {REASON_CODES, wordingOf, wordingsOf} from '../../src/lib/queue/explain-text.ts'
import type {ClaimantStanding, Holder, PendingStanding, Standing} from '../../src/lib/standing.ts'

const NOW = 1_800_000_000_000
const HERE = {pid: 100, startTime: '1', bootId: 'b:0', pidNamespace: '4', host: 'here', machineId: 'm'}

const JOB: Job = {
  id: 42, queue: 'q', state: 'pending', reason: null, error: null, priority: 0, runAt: NOW, key: null, tags: [], contentType: null,
  file: false, payloadBytes: 1, attempts: 0, maxAttempts: null, crashes: 0, snoozes: 0, fence: 0, timeoutMs: null, assignedTo: null,
  assignedUntil: null, requested: null, consumer: null, createdAt: NOW, updatedAt: NOW, startedAt: null, finishedAt: null, runMs: null,
  leaseRemainingMs: null, progress: null, result: null, originId: null, deadLetterId: null,
}
const CLAIMANT: ClaimantStanding = {
  consumerId: 1, name: 'ann', process: HERE, concurrency: 2, jobs: 0, holding: [], leaving: false, gets: 0, before: {count: 0, isMore: false}, barred: null, earlier: [],
}
const PENDING: PendingStanding = {due: true, suspect: false, assignment: null, ahead: {count: 0, isMore: false}, claimants: [CLAIMANT]}
const HOLDER: Holder = {
  consumerId: 1, consumer: 'ann', process: HERE, ended: false, startedAt: NOW - 60_000, leaseMs: 30_000, expired: false, suspect: false, requested: null,
}

function standing(change: Partial<Omit<Standing, 'job'>> & {readonly job?: Partial<Job>} = {}): Standing {
  return {
    now: NOW,
    queue: {name: 'q', paused: false, pausedReason: null, pausedAt: null, concurrency: null, processing: 0, holders: []},
    pending: null,
    holder: null,
    lastRun: null,
    lastEvent: null,
    key: null,
    ...change,
    job: {...JOB, ...change.job},
  }
}

function pending(change: Partial<PendingStanding>, claimant: Partial<ClaimantStanding> = {}): Standing {
  return standing({pending: {...PENDING, claimants: [{...CLAIMANT, ...claimant}], ...change}})
}

function held(change: Partial<Holder>, job: Partial<Job> = {}): Standing {
  return standing({holder: {...HOLDER, ...change}, job: {state: 'processing', leaseRemainingMs: 25_000, ...job}})
}

const SIGHT: Eyes = {liveness: () => 'alive', isStopped: () => false, pidsOf: () => []}

function codes(facts: Standing, eyes: Partial<Eyes> = {}): readonly string[] {
  return explain(facts, {...SIGHT, ...eyes}).reasons.map(({code}) => code)
}

function words(facts: Standing, eyes: Partial<Eyes> = {}): string {
  const explanation = explain(facts, {...SIGHT, ...eyes})
  const [reason] = explanation.reasons
  if (reason === undefined) throw new Error('no reason')
  const {text, fix} = wordingOf(reason, explanation)
  return fix === null ? text : `${text} → ${fix}`
}

describe('a pending job', () => {
  test('that somebody takes next', () => {
    expect(words(pending({}))).toBe('consumer ann takes it next')
    expect(words(pending({}, {gets: 1}))).toBe('consumer ann takes it after 1 job')
  })

  test('is not called claimable by a dead consumer, or by one without a free slot for it', () => {
    const dead = explain(pending({}), {...SIGHT, liveness: () => 'dead'})
    expect([dead.claimable, dead.reasons.map(({code}) => code)]).toEqual([false, ['consumers_dead']])
    expect(codes(pending({}, {jobs: 2, gets: 0, holding: [7, 9]}))).toEqual(['consumers_busy'])
    expect(words(pending({}, {jobs: 2, gets: 0, holding: [7, 9]}))).toBe(
      'every slot is taken: ann has 2 of 2 in hand (jobs 7, 9) → qctl consume -Q q -- COMMAND',
    )
    expect(codes(pending({ahead: {count: 2, isMore: false}}, {gets: 2}))).toEqual(['behind'])
  })

  test('is not called claimable by one that takes no more, or that a signal stopped', () => {
    const leaving = pending({}, {leaving: true, gets: null, jobs: 1})
    expect(codes(leaving)).toEqual(['consumer_stopping'])
    expect(words(leaving)).toBe('consumer ann takes no more: it ends when what it has in hand (1 job) has ended → qctl consume -Q q -- COMMAND')
    const stopped = explain(pending({}), {...SIGHT, isStopped: () => true})
    expect([stopped.claimable, stopped.reasons.map(({code}) => code)]).toEqual([false, ['consumer_stopped']])
    expect(words(pending({}), {isStopped: () => true})).toBe('consumer ann (pid 100 on here) was stopped by a signal → kill -CONT 100')
    expect(codes(pending({claimants: [{...CLAIMANT, leaving: true, gets: null}, {...CLAIMANT, name: 'bob'}]}))).toEqual(['ready'])
  })

  test('may be out of reach for one that cannot be seen', () => {
    expect(explain(pending({}), {...SIGHT, liveness: () => 'unknown'}).claimable).toBe(true)
  })

  test('whose reasons come to one command is told it once, below the last of them', () => {
    const explanation = explain(pending({}, {gets: null, earlier: [{queue: 'urgent', jobs: {count: 3, isMore: false}}]}), SIGHT)
    const [earlier] = explanation.reasons
    if (earlier === undefined) throw new Error('no reason')
    const behind = {code: 'behind', queue: 'q', ahead: {count: 2, isMore: false}} as const
    expect(wordingsOf({...explanation, reasons: [earlier, behind]}).map(({fix}) => fix)).toEqual([null, 'qctl consume -Q q -- COMMAND'])
  })

  test('behind suspects, other queues and a backlog', () => {
    const stuck = {gets: null} as const
    expect(codes(pending({}, {...stuck, barred: {kind: 'holds_suspect'}}))).toEqual(['suspect_first'])
    expect(words(pending({}, {...stuck, barred: {kind: 'suspect_due', jobId: 7}}))).toBe('consumer ann has to run job 7 first, and that one alone')
    expect(words(pending({}, {...stuck, earlier: [{queue: 'urgent', jobs: {count: 1000, isMore: true}}]}))).toBe(
      'consumer ann serves other queues first: more than 1,000 jobs in urgent → qctl consume -Q q -- COMMAND',
    )
    expect(words(pending({}, {...stuck, before: {count: 1, isMore: false}}))).toBe(
      '1 job of queue q goes first, by priority or age → qctl consume -Q q -- COMMAND',
    )
    expect(codes(pending({suspect: true}, {...stuck}))).toEqual(['suspect'])
  })

  test('assigned to one that is there, is not there, is dead, or serves other queues', () => {
    const to = (process: typeof HERE | null, queues = ['q']) => ({to: 'bob', until: null, process, queues})
    const bob = {name: 'bob', jobs: 2, gets: null}
    expect(codes(pending({assignment: to(HERE)}, bob))).toEqual(['consumers_busy', 'assigned'])
    expect(codes(pending({assignment: to(null)}, {gets: null}))).toEqual(['assigned_to_nobody'])
    expect(codes(pending({assignment: to(HERE, ['other'])}, {gets: null}))).toEqual(['assigned_elsewhere'])
    expect(codes(pending({assignment: to(HERE)}, bob), {liveness: () => 'dead'})).toEqual(['assigned_to_dead', 'consumers_dead'])
    expect(words(pending({assignment: to(null)}, {gets: null}))).toBe(
      'only consumer bob may take it, for ever, and there is none of that name → qctl consume --name bob -Q q -- COMMAND',
    )
  })

  test('that was put off by its handler', () => {
    const run = {
      run: 1, attempt: 1, consumer: 'ann', startedAt: NOW, finishedAt: NOW, outcome: 'snoozed', exitCode: 75, signal: null, cause: null, error: null,
      runMs: 1, cpuMs: 1, maxRssBytes: 1, stdoutDroppedBytes: 0, stderrDroppedBytes: 0,
    } as const
    const late = {...pending({due: false, ahead: null}, {gets: null}), lastRun: run}
    expect(codes({...late, job: {...JOB, fence: 1, snoozes: 2, runAt: NOW + 60_000}})).toEqual(['snoozed'])
    expect(codes({...late, job: {...JOB, fence: 1}, lastRun: {...run, outcome: 'failed'}})).toEqual(['backing_off'])
    expect(codes({...late, job: {...JOB, fence: 0}, lastRun: null})).toEqual(['delayed'])
  })
})

describe('a job being processed', () => {
  test('in good hands', () => {
    expect(codes(held({}))).toEqual(['processing'])
    expect(words(held({}))).toMatch(/^consumer ann \(pid 100 on here\) has been at it since .*, 25s of its lease left → qctl jobs cancel 42$/)
  })

  test('whose holder is late, out of sight, dead or past its lease', () => {
    expect(codes(held({}, {leaseRemainingMs: 9000}))).toEqual(['heartbeat_late', 'processing'])
    expect(codes(held({}), {liveness: () => 'unknown'})).toEqual(['processing', 'holder_unreachable'])
    expect(codes(held({}), {liveness: () => 'dead'})).toEqual(['holder_dead'])
    expect(codes(held({expired: true}, {leaseRemainingMs: -1}))).toEqual(['lease_expired', 'processing'])
  })

  test('whose holder was stopped by a signal', () => {
    expect(codes(held({}, {leaseRemainingMs: 9000}), {isStopped: () => true})).toEqual(['consumer_stopped', 'heartbeat_late', 'processing'])
    expect(words(held({}), {isStopped: () => true})).toBe('consumer ann (pid 100 on here) was stopped by a signal → kill -CONT 100')
  })

  test('that is to end does not come back, whatever becomes of its holder', () => {
    const cancelled = held({requested: 'cancel'}, {requested: 'cancel'})
    expect(codes(cancelled)).toEqual(['requested', 'processing'])
    expect(words(cancelled, {liveness: () => 'dead'})).toContain('a running consumer cancels the job within 2 s')
    const about = explain(cancelled, SIGHT)
    expect(about.reasons.map(reason => wordingOf(reason, about).fix)).toEqual(['qctl jobs wait 42', null])
  })

  test('that is not given back because something of it cannot be killed', () => {
    const eyes: Partial<Eyes> = {liveness: () => 'dead', pidsOf: ({id}) => (id === 42 ? [7, 8] : [])}
    expect(codes(held({}), eyes)).toEqual(['survivors', 'holder_dead'])
    expect(words(held({}), eyes)).toMatch(/^pid 7, pid 8 still run it, and nobody else gets it before that is gone; .* → qctl reap --once$/)
    expect(codes(held({}), {pidsOf: () => [7]})).toEqual(['processing'])
  })

  test('that somebody wants to end', () => {
    expect(codes(held({requested: 'cancel'}))).toEqual(['requested', 'processing'])
  })
})

describe('a finished job', () => {
  const failed = {state: 'failed', reason: 'attempts', error: 'exit 3', attempts: 8, finishedAt: NOW - 60_000} as const

  test('says how it ended', () => {
    expect(words(standing({job: failed}))).toBe(
      'it failed 1m ago, because all 8 attempts were used up (exit 3); resubmitted, it would begin with attempt 1 → qctl jobs resubmit 42',
    )
    expect(words(standing({job: {...failed, attempts: 1}}))).toContain('because its only attempt was used up (exit 3)')
    const lastEvent = {at: NOW, from: 'pending', to: 'cancelled', actor: 'cli:ann', reason: 'ordered twice'} as const
    expect(words(standing({job: {state: 'cancelled', finishedAt: NOW - 1000}, lastEvent}))).toContain('it was cancelled 1s ago by cli:ann: ordered twice; ')
    expect(words(standing({job: {...failed, reason: 'admin', error: null}, lastEvent}))).toContain('because cli:ann failed it: ordered twice; ')
    expect(codes(standing({job: {state: 'cancelled', finishedAt: NOW}}))).toEqual(['cancelled'])
    expect(codes(standing({job: {state: 'done', finishedAt: NOW}}))).toEqual(['done'])
  })

  test('names the other holder of its key, and its dead letter', () => {
    expect(codes(standing({job: {...failed, key: 'k', deadLetterId: 43}, key: {jobId: 50, freeAt: null}}))).toEqual(['failed', 'key_taken', 'dead_letter'])
    expect(codes(standing({job: {...failed, key: 'k'}, key: {jobId: 42, freeAt: NOW + 1000}}))).toEqual(['failed', 'key_kept'])
    expect(codes(standing({job: {...failed, originId: 41}}))).toEqual(['failed', 'dead_letter_of'])
  })
})

test('the codes are those that programs know', () => {
  const known = `queue_paused limit_reached delayed snoozed backing_off assigned assigned_elsewhere assigned_to_nobody assigned_to_dead suspect
    no_consumer consumers_dead consumers_busy consumer_stopping consumer_stopped suspect_first earlier_queues behind ready processing requested holder_dead holder_unreachable
    lease_expired heartbeat_late survivors done cancelled failed key_taken key_kept dead_letter dead_letter_of`
  expect(REASON_CODES).toEqual(known.split(/\s+/))
})

test('every code has words of its own', () => {
  const explanation = {id: 42, queue: 'q', state: 'pending', now: NOW, claimable: false, reasons: []} as const
  const reasons: readonly Reason[] = [
    {code: 'requested', requested: 'fail'},
    {code: 'suspect', crashes: 1},
    {code: 'snoozed', runAt: NOW + 1000, snoozes: 1},
    {code: 'limit_reached', queue: 'q', concurrency: 1, processing: 1, holders: []},
  ]
  const texts = reasons.map(reason => wordingOf(reason, explanation).text)
  expect(new Set(texts).size).toBe(reasons.length)
  expect(texts).toContain('queue q may process 1 job at once and does')
})
