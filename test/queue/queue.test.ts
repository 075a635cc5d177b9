import {describe, expect, test} from 'bun:test'
import {QctlError} from '../../src/lib/errors.ts'
import {type Claim, DEFAULT_SETTINGS, type Queue as QueueData, type ProcessIdentity, type RunOutput} from '../../src/lib/job.ts'
import {bareEnd, type LossCause} from '../../src/lib/outcome.ts'
import {type Coroner, Queue} from '../../src/lib/queue/queue.ts'
import type {Held, Settled, Storage, Transition} from '../../src/lib/storage/storage.ts'
import {leaseOf} from '../handlers/support.ts'

const SETTLED: Settled = {kind: 'settled', deadLetterId: null}
const PROCESS: ProcessIdentity = {pid: 1, startTime: '1', bootId: 'b:0', pidNamespace: '4', host: 'here', machineId: 'm'}

const LEASE = leaseOf('', {id: 1, fence: 1, queue: 'q', attempt: 1})

const HELD: Held = {
  id: 1,
  fence: 1,
  queue: 'q',
  attempt: 1,
  crashes: 0,
  snoozes: 0,
  maxAttempts: null,
  requested: null,
  startedAt: 0,
  leaseExpired: false,
  bereft: false,
  consumerId: 1,
  consumer: 'ann',
  process: PROCESS,
}

/** A storage that can do only what the test says; a call of anything else fails the test. */
function scripted(parts: Partial<Storage>): Storage {
  return new Proxy(parts as Storage, {
    get(target, name) {
      const refuse = () => {
        throw new Error(`nobody should call ${String(name)}`)
      }
      return target[name as keyof Storage] ?? refuse
    },
  })
}

/** Remembers the batches it is asked to settle, and answers them one by one with what it is given. */
class Settler {
  readonly batches: (readonly Transition[])[] = []
  readonly #answers: Settled[]

  constructor(...answers: readonly Settled[]) {
    this.#answers = [...answers]
  }

  readonly settle = async (transitions: readonly Transition[]): Promise<readonly Settled[]> => {
    this.batches.push(transitions)
    return transitions.map(() => this.#answers.shift() ?? SETTLED)
  }

  get transitions(): readonly Transition[] {
    return this.batches.flat()
  }
}

async function queues(names: readonly string[] = []) {
  return names.map(name => queueNamed(name))
}

function queueNamed(name: string, maxAttempts = DEFAULT_SETTINGS.maxAttempts): QueueData {
  const counts = {pending: 0, processing: 0, done: 0, failed: 0, cancelled: 0}
  return {name, paused: false, pausedReason: null, counts, settings: {...DEFAULT_SETTINGS, maxAttempts}}
}

class ScriptedCoroner implements Coroner {
  readonly asked: (readonly Claim[])[] = []
  readonly forgotten: number[] = []
  readonly #deaths: ReadonlyMap<number, LossCause>
  readonly #unkillable: ReadonlySet<number>

  /**
   * @param deaths by pid
   * @param unkillable ids of jobs whose processes cannot be killed
   */
  constructor(deaths: Readonly<Record<number, LossCause>>, ...unkillable: readonly number[]) {
    this.#deaths = new Map(Object.entries(deaths).map(([pid, cause]) => [Number(pid), cause]))
    this.#unkillable = new Set(unkillable)
  }

  causeOfDeath({pid}: ProcessIdentity): LossCause | null {
    return this.#deaths.get(pid) ?? null
  }

  async removeSurvivors(claims: readonly Claim[]): Promise<readonly Claim[]> {
    this.asked.push(claims)
    return claims.filter(({id}) => this.#unkillable.has(id)).map(({id, fence}) => ({id, fence}))
  }

  /** Runs of jobs with odd ids had printed something. */
  outputOf({id}: Claim): RunOutput | null {
    return id % 2 === 1 ? {records: new Uint8Array([id]), stdoutDroppedBytes: 0, stderrDroppedBytes: 0} : null
  }

  forgetOutput({id}: Claim): void {
    this.forgotten.push(id)
  }
}

const NOBODY_DIED = new ScriptedCoroner({})

function held(id: number, change: Partial<Held> & {readonly pid?: number} = {}): Held {
  const pid = change.pid ?? 1
  const {pid: _, ...rest} = change
  return {...HELD, id, consumerId: pid, process: {...PROCESS, pid}, ...rest}
}

async function reap(jobs: readonly Held[], coroner: Coroner, settler = new Settler()) {
  const queue = new Queue(scripted({held: async () => jobs, queues, settle: settler.settle}))
  return {reaped: await queue.reap(coroner), transitions: settler.transitions}
}

describe('enqueue', () => {
  test('fills in what was left out', async () => {
    const stored: unknown[] = []
    const enqueue: Storage['enqueue'] = async jobs => {
      stored.push(...jobs)
      return jobs.map(({queue}, i) => ({id: i + 1, queue, existing: false}))
    }
    const answers = await new Queue(scripted({enqueue})).enqueue([{payload: 'hé'}, {payload: 'x', queue: 'mail', assignedTo: 'ann'}])
    expect(answers.map(({queue}) => queue)).toEqual(['default', 'mail'])
    expect(stored).toMatchObject([
      {queue: 'default', payload: new TextEncoder().encode('hé'), priority: 0, when: {kind: 'now'}, key: null, tags: []},
      {queue: 'mail', assignedTo: 'ann', assignedForMs: 600_000},
    ])
  })

  test('one bad job: nothing reaches the storage', async () => {
    const call = new Queue(scripted({})).enqueue([{payload: 'good'}, {payload: 'bad', priority: 1001}])
    expect(await call.catch((error: unknown) => error)).toBeInstanceOf(QctlError)
  })
})

describe('claim', () => {
  test('hands out leases as they are', async () => {
    const claim = async () => [LEASE, {...LEASE, id: 2, intact: false}]
    const leases = await new Queue(scripted({claim})).claim({consumerId: 1, queues: ['q'], limit: 2, leaseMs: null})
    expect(leases.map(({id, intact}) => [id, intact])).toEqual([[1, true], [2, false]])
  })
})

describe('settle', () => {
  const done = {lease: LEASE, end: bareEnd({kind: 'done', result: null})}
  const failed = {lease: {...LEASE, id: 2}, end: bareEnd({kind: 'failed', error: 'e', retryAfterMs: null})}

  test('plain successes reach the engine within this tick, so that they share a commit with the claims that follow', () => {
    const settler = new Settler()
    void new Queue(scripted({settle: settler.settle})).settle([done, done])
    expect(settler.batches).toHaveLength(1)
  })

  test("a failure is decided by its queue's settings as they are now", async () => {
    const settler = new Settler()
    const ask: string[][] = []
    const strict = async (names: readonly string[] = []) => {
      ask.push([...names])
      return names.map(name => queueNamed(name, name === 'strict' ? 1 : 9))
    }
    const queue = new Queue(scripted({queues: strict, settle: settler.settle}))
    const elsewhere = {...failed, lease: {...failed.lease, id: 3, queue: 'strict'}}
    await queue.settle([failed, elsewhere, done])
    expect(ask).toEqual([['q', 'strict']])
    expect(settler.batches).toHaveLength(1)
    expect(settler.transitions.map(({to}) => to)).toEqual(['pending', 'failed', 'done'])
  })

  test('answers in order: what was stored, and what was lost', async () => {
    const settler = new Settler({kind: 'lost'}, {kind: 'settled', deadLetterId: 9})
    const settlements = await new Queue(scripted({queues, settle: settler.settle})).settle([done, failed])
    expect(settlements).toMatchObject([{kind: 'lost'}, {kind: 'settled', deadLetterId: 9, transition: {id: 2}}])
  })

  for (const [requested, to] of [['cancel', 'cancelled'], ['fail', 'failed']] as const) {
    test(`a job that would go back but whose ${requested} was asked for is ${to} instead`, async () => {
      const settler = new Settler({kind: 'requested', requested}, SETTLED)
      const queue = new Queue(scripted({queues, settle: settler.settle}))
      const end = {...failed.end, exitCode: 7, runMs: 12, progress: 0.5}
      const [settlement] = await queue.settle([{...failed, end}])
      expect(settlement).toMatchObject({kind: 'settled', transition: {to, reason: to === 'failed' ? 'admin' : null}})
      // What was seen of the run is kept.
      expect(settler.transitions[1]).toMatchObject({
        id: 2,
        progress: 0.5,
        run: {outcome: 'cancelled', cause: requested, exitCode: 7, runMs: 12, error: 'e'},
      })
    })
  }

  test('and is lost if it was lost meanwhile', async () => {
    const settler = new Settler({kind: 'requested', requested: 'cancel'}, {kind: 'lost'})
    const queue = new Queue(scripted({queues, settle: settler.settle}))
    expect(await queue.settle([failed])).toEqual([{kind: 'lost'}])
  })
})

describe('reap', () => {
  test('leaves the living alone, and writes nothing', async () => {
    const queue = new Queue(scripted({held: async () => [held(1), held(2)]}))
    expect(await queue.reap(NOBODY_DIED)).toEqual([])
  })

  test('takes the jobs of a dead holder, if it still is the holder', async () => {
    const {reaped, transitions} = await reap([held(1, {pid: 5}), held(2)], new ScriptedCoroner({5: 'consumer_died'}))
    expect(reaped).toMatchObject([{claim: {id: 1, fence: 1}, queue: 'q', cause: 'consumer_died', transition: {to: 'pending'}}])
    expect(transitions).toMatchObject([{id: 1, only: {kind: 'holder', consumerId: 5}, run: {outcome: 'lost', cause: 'consumer_died'}}])
  })

  test('the only job of a dead holder is charged with a crash', async () => {
    const {transitions} = await reap([held(1, {pid: 5}), held(2)], new ScriptedCoroner({5: 'consumer_died'}))
    expect(transitions).toMatchObject([{id: 1, crash: true, suspect: 'yes'}])
  })

  test('of several none is charged, all are suspects', async () => {
    const {transitions} = await reap([held(1, {pid: 5}), held(2, {pid: 5})], new ScriptedCoroner({5: 'consumer_died'}))
    expect(transitions.map(({id, crash, suspect}) => ({id, crash, suspect}))).toEqual([
      {id: 1, crash: false, suspect: 'yes'},
      {id: 2, crash: false, suspect: 'yes'},
    ])
  })

  test('nor is the last of several, which could not be killed at the first look', async () => {
    const {transitions} = await reap([held(1, {pid: 5, bereft: true})], new ScriptedCoroner({5: 'consumer_died'}))
    expect(transitions).toMatchObject([{crash: false, suspect: 'yes'}])
  })

  test('what counts is what the dead held when they died, and not what was seen before', async () => {
    const looks = [[held(1, {pid: 5}), held(2, {pid: 5}), held(3, {pid: 6})], [held(2, {pid: 5}), held(3, {pid: 6}), held(4, {pid: 6})]]
    const settler = new Settler()
    const storage = scripted({held: async () => looks.shift() ?? [], settle: settler.settle, queues})
    await new Queue(storage).reap(new ScriptedCoroner({5: 'consumer_died', 6: 'consumer_died'}))
    expect(settler.transitions.map(({id, crash}) => ({id, crash}))).toEqual([
      {id: 2, crash: true},
      {id: 3, crash: false},
      {id: 4, crash: false},
    ])
  })

  test('a reboot charges nobody', async () => {
    const {transitions} = await reap([held(1, {pid: 5})], new ScriptedCoroner({5: 'host_rebooted'}))
    expect(transitions).toMatchObject([{crash: false, suspect: 'keep', run: {cause: 'host_rebooted'}}])
  })

  test('takes a job whose lease ran out, if it still is out, without a charge', async () => {
    const {transitions} = await reap([held(1, {leaseExpired: true}), held(2)], NOBODY_DIED)
    expect(transitions).toMatchObject([
      {id: 1, only: {kind: 'lease_expired'}, crash: false, suspect: 'keep', run: {cause: 'lease_expired'}},
    ])
  })

  test('a proof of death counts more than an expired lease', async () => {
    const {transitions} = await reap([held(1, {pid: 5, leaseExpired: true})], new ScriptedCoroner({5: 'consumer_died'}))
    expect(transitions).toMatchObject([{crash: true, only: {kind: 'holder'}}])
  })

  test('kills what still runs before it stores anything, and leaves the job whose process cannot be killed', async () => {
    const coroner = new ScriptedCoroner({5: 'consumer_died'}, 2)
    const {reaped, transitions} = await reap([held(1, {pid: 5}), held(2, {pid: 5}), held(3, {pid: 5})], coroner)
    expect(coroner.asked.map(claims => claims.map(({id}) => id))).toEqual([[1, 2, 3]])
    expect(transitions.map(({id}) => id)).toEqual([1, 3])
    expect(reaped.map(({claim}) => claim.id)).toEqual([1, 3])
  })

  test('a job whose cancel or fail was asked for ends so', async () => {
    const jobs = [held(1, {pid: 5, requested: 'cancel'}), held(2, {leaseExpired: true, requested: 'fail'})]
    const {transitions} = await reap(jobs, new ScriptedCoroner({5: 'consumer_died'}))
    expect(transitions).toMatchObject([
      {id: 1, to: 'cancelled', only: {kind: 'holder', consumerId: 5}},
      {id: 2, to: 'failed', reason: 'admin', only: {kind: 'lease_expired'}},
    ])
  })

  test('asked for between the look and the settling it still ends so, under the same condition', async () => {
    const settler = new Settler({kind: 'requested', requested: 'cancel'}, SETTLED)
    const {reaped, transitions} = await reap([held(1, {leaseExpired: true})], NOBODY_DIED, settler)
    expect(transitions.map(({to, only}) => ({to, only}))).toEqual([
      {to: 'pending', only: {kind: 'lease_expired'}},
      {to: 'cancelled', only: {kind: 'lease_expired'}},
    ])
    expect(reaped).toMatchObject([{transition: {to: 'cancelled'}}])
  })

  test('stores what the lost run had printed, and forgets it only then', async () => {
    const coroner = new ScriptedCoroner({5: 'consumer_died'})
    const settler = new Settler(SETTLED, SETTLED, {kind: 'lost'})
    const {transitions} = await reap([held(1, {pid: 5}), held(2, {pid: 5}), held(3, {pid: 5})], coroner, settler)
    expect(transitions.map(({run}) => run.output?.records ?? null)).toEqual([new Uint8Array([1]), null, new Uint8Array([3])])
    expect(coroner.forgotten).toEqual([1, 2])
  })

  test('does not report what somebody else settled meanwhile', async () => {
    const settler = new Settler({kind: 'lost'}, SETTLED)
    const {reaped} = await reap([held(1, {pid: 5}), held(2, {pid: 5})], new ScriptedCoroner({5: 'consumer_died'}), settler)
    expect(reaped.map(({claim}) => claim.id)).toEqual([2])
  })
})
