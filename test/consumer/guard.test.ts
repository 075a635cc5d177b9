import {afterEach, describe, expect, test} from 'bun:test'
import type {Guard, GuardOptions} from '../../src/lib/consumer/guard.ts'
import {GuardOfRuns} from '../../src/lib/consumer/guard-of-runs.ts'
import {GuardOfWorkers} from '../../src/lib/consumer/guard-of-workers.ts'
import type {GuardProcess} from '../../src/lib/consumer/guard-process.ts'
import type {Notice} from '../../src/lib/guard/notices.ts'
import type {Lease} from '../../src/lib/job.ts'
import {readStat} from '../../src/lib/process.ts'
import {NoticeLog} from '../guard/notice-log.ts'
import {FakeClock} from '../storage/contract/clock.ts'
import {leaseOf} from '../handlers/support.ts'
import {waitFor} from '../support/wait-for.ts'

/** A guard that only notes what it is told. */
class Listener implements GuardProcess {
  readonly #log = new NoticeLog()
  readonly #end = Promise.withResolvers<string>()
  readonly ended = this.#end.promise
  isClosed = false
  isKilled = false
  /** Does nothing any more, not even end. */
  isStopped = false
  /** The pipe is full until this resolves. */
  full: Promise<void> | null = null

  write(bytes: Uint8Array): Promise<void> | null {
    this.#log.hear(bytes)
    return this.full
  }

  close(): void {
    this.isClosed = true
    if (!this.isStopped) this.die('it ended with status 0')
  }

  kill(): void {
    this.isKilled = true
    this.die('it was killed by SIGKILL')
  }

  die(how: string): void {
    this.#end.resolve(how)
  }

  get heard(): readonly Notice[] {
    return this.#log.heard
  }

  get kinds(): string[] {
    return this.heard.map(({kind}) => kind)
  }
}

function scene(make: (options: GuardOptions) => Guard = options => new GuardOfRuns(options)) {
  const clock = new FakeClock()
  const guards: Listener[] = []
  const troubles: string[] = []
  const guard = make({
    consumer: '1.2.3',
    dbPath: null,
    clock,
    start: () => {
      const listener = new Listener()
      guards.push(listener)
      return listener
    },
    onTrouble: (doing, error) => troubles.push(`${doing}: ${error}`),
  })
  return {clock, guard, guards, troubles, first: guards[0] ?? new Listener()}
}

const leaders: Bun.Subprocess[] = []
afterEach(() => {
  for (const leader of leaders.splice(0)) leader.kill('SIGKILL')
})

/** A process that leads a group. */
function startLeader(): {readonly pid: number; readonly startTime: number; readonly process: Bun.Subprocess} {
  const leader = Bun.spawn(['sleep', '60'], {detached: true})
  leaders.push(leader)
  return {pid: leader.pid, startTime: Number(readStat(leader.pid)?.startTime), process: leader}
}

/** Jobs that were granted just now, for 12 s: due one second before that. */
function granted(clock: FakeClock, ...ids: readonly number[]) {
  return ids.map(id => leaseOf('', {id, fence: 1, leaseMs: 12_000, grantedBootMs: clock.boot}))
}

function only<T>(list: readonly T[]): T {
  const [first] = list
  if (first === undefined || list.length !== 1) throw new Error(`expected one of ${list.length}`)
  return first
}

describe('a guard is told', () => {
  test('of runs before they start, all at once', () => {
    const {clock, guard, first} = scene()
    guard.expect(granted(clock, 1, 2))
    expect(first.heard).toEqual([
      {kind: 'reset'},
      {kind: 'hold', id: 1, fence: 1, dueAt: clock.boot + 11_000},
      {kind: 'hold', id: 2, fence: 1, dueAt: clock.boot + 11_000},
    ])
  })

  test('which process leads a run that goes on, and nothing of one that is over by then', async () => {
    const {clock, guard, first} = scene()
    const [short, long] = granted(clock, 1, 2)
    const {pid, startTime} = startLeader()
    guard.expect([short, long].flatMap(one => one ?? []))
    if (short !== undefined) guard.started(short, pid)
    if (long !== undefined) guard.started(long, pid)
    if (short !== undefined) guard.release(short)
    await waitFor(() => first.kinds.includes('group'))
    expect(first.heard.slice(3)).toEqual([{kind: 'end', id: 1, fence: 1}, {kind: 'group', id: 2, fence: 1, pid, startTime}])
  })

  test('nothing of a leader that had ended by then, and the start of one as it was, also when all is told anew', async () => {
    const {clock, guard, guards, first} = scene()
    const [gone, ending] = [startLeader(), startLeader()]
    gone.process.kill('SIGKILL')
    await gone.process.exited
    const runs = granted(clock, 1, 2)
    guard.expect(runs)
    for (const [i, lease] of runs.entries()) guard.started(lease, [gone, ending][i]?.pid ?? 0)
    await waitFor(() => first.kinds.includes('group'))
    const told = {kind: 'group', id: 2, fence: 1, pid: ending.pid, startTime: ending.startTime} as const
    expect(first.heard.filter(({kind}) => kind === 'group')).toEqual([told])
    ending.process.kill('SIGKILL')
    await ending.process.exited
    first.die('it was killed by SIGKILL')
    await waitFor(() => guards.length === 2, {deadlineMs: 20_000})
    expect(guards[1]?.heard.filter(({kind}) => kind === 'group')).toEqual([told])
    await guard.close()
  }, 30_000)

  test('of prolonged leases and of the end of runs', async () => {
    const {clock, guard, first} = scene()
    const lease = only(expected(guard, clock))
    guard.prolong(lease, clock.boot + 50_000, 12_000)
    guard.release(lease)
    await waitFor(() => first.kinds.includes('end'))
    expect(first.heard.slice(2)).toEqual([{kind: 'hold', id: 1, fence: 1, dueAt: clock.boot + 49_000}, {kind: 'end', id: 1, fence: 1}])
  })

  test('everything anew once it has caught up with a full pipe', async () => {
    const {clock, guard, first} = scene()
    const {promise, resolve} = Promise.withResolvers<void>()
    first.full = promise
    guard.expect(granted(clock, 1))
    guard.expect(granted(clock, 2))
    expect(first.heard.some(notice => 'id' in notice && notice.id === 2)).toBe(false)
    first.full = null
    resolve()
    await waitFor(() => first.kinds.filter(kind => kind === 'reset').length === 2)
    expect(first.heard.slice(-2)).toMatchObject([{kind: 'hold', id: 1}, {kind: 'hold', id: 2}])
  })

  test('goodbye when nothing runs any more; otherwise only the pipe ends', async () => {
    const [idle, busy] = [scene(), scene()]
    await idle.guard.close()
    expect([idle.first.kinds, idle.first.isClosed]).toEqual([['reset', 'bye'], true])
    busy.guard.expect(granted(busy.clock, 1))
    await busy.guard.close()
    expect([busy.first.kinds, busy.first.isClosed]).toEqual([['reset', 'hold'], true])
  })
})

/** One run that is expected. */
function expected(guard: Guard, clock: FakeClock) {
  const runs = granted(clock, 1)
  guard.expect(runs)
  return runs
}

describe('a guard that may have acted', () => {
  test('has not while there was time', () => {
    const {clock, guard} = scene()
    const lease = only(expected(guard, clock))
    clock.pass(10_000)
    expect(guard.mayHaveEnded(lease)).toBe(false)
  })

  test('has when a run ends after its time', () => {
    const {clock, guard} = scene()
    const lease = only(expected(guard, clock))
    clock.pass(11_000)
    expect(guard.mayHaveEnded(lease)).toBe(true)
  })

  test('has when the lease was prolonged only after that', () => {
    const {clock, guard} = scene()
    const lease = only(expected(guard, clock))
    clock.pass(11_500)
    guard.prolong(lease, clock.boot + 12_000, 12_000)
    expect(guard.mayHaveEnded(lease)).toBe(true)
  })
})

describe('a guard of workers', () => {
  const shared = () => scene(options => new GuardOfWorkers(options))

  test('is told only when the first run is due', () => {
    const {clock, guard, first} = shared()
    guard.expect(granted(clock, 1, 2))
    clock.pass(100)
    guard.expect(granted(clock, 3, 4))
    expect(first.heard).toEqual([{kind: 'reset'}, {kind: 'end', id: 0, fence: 0}, {kind: 'hold', id: 0, fence: 0, dueAt: clock.boot + 10_900}])
  })

  test('at once when a new one is due before the others', () => {
    const {clock, guard, first} = shared()
    guard.expect(granted(clock, 1))
    guard.expect([leaseOf('', {id: 2, fence: 1, leaseMs: 1200, grantedBootMs: clock.boot})])
    expect(first.heard.at(-1)).toMatchObject({kind: 'hold', dueAt: clock.boot + 1100})
  })

  test('anew in good time: when the first is over, and when nothing runs', async () => {
    const {clock, guard, first} = shared()
    const [a, b] = [0, 30].map((ms, i) => leaseOf('', {id: i + 1, fence: 1, leaseMs: 120, grantedBootMs: clock.boot + ms})) as [Lease, Lease]
    guard.expect([a])
    guard.expect([b])
    guard.release(a)
    await waitFor(() => first.heard.length === 4)
    expect(first.heard.slice(2)).toMatchObject([{dueAt: clock.boot + 110}, {kind: 'hold', dueAt: clock.boot + 140}])
    guard.release(b)
    await waitFor(() => first.heard.length === 5)
    expect(first.heard.at(-1)).toEqual({kind: 'end', id: 0, fence: 0})
    await guard.close()
    expect(first.kinds.at(-1)).toBe('bye')
  })

  test('may have acted when it was told too late', async () => {
    const {clock, guard, first} = shared()
    const lease = leaseOf('', {id: 1, fence: 1, leaseMs: 240, grantedBootMs: clock.boot})
    guard.expect([lease])
    expect(guard.mayHaveEnded(lease)).toBe(false)
    clock.pass(220)
    expect(guard.mayHaveEnded(lease)).toBe(true)
    guard.prolong(lease, clock.boot + 12_000, 12_000)
    await waitFor(() => first.heard.length === 4)
    expect(guard.mayHaveEnded(lease)).toBe(true)
    guard.release(lease)
  })
})

test('a guard that does not go is killed when nothing runs any more, and left to its work when something does', async () => {
  const [idle, busy] = [scene(), scene()]
  for (const {first} of [idle, busy]) first.isStopped = true
  busy.guard.expect(granted(busy.clock, 1))
  await Promise.all([idle.guard.close(), busy.guard.close()])
  expect([idle.first.isKilled, busy.first.isKilled]).toEqual([true, false])
})

describe('a guard that dies', () => {
  test('is replaced after a pause when it was young, and that is told; the consumer goes on meanwhile', async () => {
    const {clock, guard, guards, troubles, first} = scene()
    first.die('it was killed by SIGKILL')
    await waitFor(() => troubles.length === 1)
    expect(troubles).toEqual(['guarding the handlers: it was killed by SIGKILL'])
    const lease = only(expected(guard, clock))
    const {pid, startTime} = startLeader()
    guard.started(lease, pid)
    await waitFor(() => guards.length === 2, {deadlineMs: 20_000})
    expect(guards[1]?.heard).toEqual([
      {kind: 'reset'},
      {kind: 'hold', id: 1, fence: 1, dueAt: clock.boot + 11_000},
      {kind: 'group', id: 1, fence: 1, pid, startTime},
    ])
    await guard.close()
  }, 30_000)

  test('one that cannot be started stops nobody', async () => {
    const troubles: unknown[] = []
    const guard = new GuardOfRuns({
      consumer: '',
      dbPath: null,
      clock: new FakeClock(),
      start: () => {
        throw new Error('too many processes')
      },
      onTrouble: (_doing, error) => troubles.push(String(error)),
    })
    const lease = only(expected(guard, new FakeClock()))
    expect([guard.mayHaveEnded(lease), troubles]).toEqual([false, ['Error: too many processes']])
    await guard.close()
  })
})
