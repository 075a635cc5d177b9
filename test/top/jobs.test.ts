import {describe, expect, test} from 'bun:test'
import {type Outcome, bareEnd} from '../../src/lib/outcome.ts'
import type {State} from '../../src/lib/job.ts'
import {identifySelf} from '../../src/lib/process.ts'
import type {Session} from '../../src/lib/cli/session.ts'
import {waitFor} from '../support/wait-for.ts'
import {Console, frameOf, memorySession} from './console.tsx'

/** Puts jobs 1, 2, 3 … into a queue. */
async function filled(count: number, queue = 'mail'): Promise<Session> {
  const session = await memorySession()
  await produce(session, count, queue)
  return session
}

async function produce({queue}: Session, count: number, name = 'mail'): Promise<void> {
  await queue.enqueue(Array.from({length: count}, (_, at) => ({queue: name, payload: `payload ${at}`})))
}

/** Runs the first jobs of a queue to these ends. */
async function run({queue, storage}: Session, outcomes: readonly (Outcome | null)[], name = 'mail'): Promise<void> {
  const registered = await storage.register({name: `runs-${name}`, process: identifySelf(), queues: [name], concurrency: 99, replaces: null})
  if (registered.kind !== 'registered') throw new Error('the name is taken')
  const leases = await queue.claim({consumerId: registered.id, queues: [name], leaseMs: null, limit: outcomes.length})
  for (const [at, lease] of leases.entries()) {
    const outcome = outcomes[at] ?? null
    if (outcome !== null) await queue.settle([{lease, end: bareEnd(outcome)}])
  }
}

const REJECTED: Outcome = {kind: 'rejected', reason: 'permanent', error: 'smtp 550'}

async function states({inspector}: Session): Promise<Readonly<Record<number, State>>> {
  const {jobs} = await inspector.list({limit: 1000})
  return Object.fromEntries(jobs.map(({id, state}) => [id, state]))
}

function jobsConsole(session: Session, start: Parameters<typeof Console.open>[0] = {}): Promise<Console> {
  return Console.open({screen: 'jobs', mode: 'admin', ...start}, session)
}

/** The ids of the rows, the one under the cursor with a `>`, marked ones with a `*`. */
function rows(console: Console): readonly string[] {
  return console.frame().flatMap(line => /^([> ][* ]) +(\d+)  \S/.exec(line)?.slice(1, 3).join('').replaceAll(' ', '') ?? [])
}

describe('the list of jobs', () => {
  test('is newest first, and live as long as the cursor is on the first', async () => {
    const session = await filled(3)
    const console = await jobsConsole(session)
    expect(rows(console)).toEqual(['>3', '2', '1'])
    await produce(session, 1)
    await console.look()
    expect(rows(console)).toEqual(['>4', '3', '2', '1'])
  })

  test('stands still when the cursor has left the first; g goes on', async () => {
    const session = await filled(3)
    const console = await jobsConsole(session)
    await console.press('j')
    await produce(session, 2)
    await console.look()
    expect(rows(console)).toEqual(['3', '>2', '1'])
    await console.press('g')
    expect(rows(console)).toEqual(['>5', '4', '3', '2', '1'])
  })

  test('shows what came since when the cursor goes up from the first', async () => {
    const session = await filled(3)
    const console = await jobsConsole(session)
    await console.press('j', 'k')
    await produce(session, 1)
    await console.press('k')
    expect(rows(console)).toEqual(['>4', '3', '2', '1'])
  })

  test('has pages: down from the last row, PgDn, PgUp, and up from the first row', async () => {
    const session = await filled(30)
    const console = await jobsConsole(session)
    const page = rows(console).length
    expect(page).toBe(13)
    await console.press(...Array.from({length: page}, () => 'j'))
    expect(rows(console)).toEqual(['>17', '16', '15', '14', '13', '12', '11', '10', '9', '8', '7', '6', '5'])
    await console.press('pagedown')
    expect(rows(console)).toEqual(['>4', '3', '2', '1'])
    await console.press('pagedown')
    expect(rows(console)).toEqual(['4', '3', '2', '>1'])
    await console.press('g', 'pagedown', 'k')
    expect(rows(console).at(-1)).toBe('>18')
    await console.press('pagedown', 'pageup')
    expect(rows(console)[0]).toBe('>30')
  })

  test('can be oldest first', async () => {
    const console = await jobsConsole(await filled(20))
    await console.press('i')
    expect(rows(console).slice(0, 3)).toEqual(['>1', '2', '3'])
    await console.press('pagedown')
    expect(rows(console)).toEqual(['>14', '15', '16', '17', '18', '19', '20'])
  })

  test('keeps the cursor on its job when others go', async () => {
    const session = await filled(5)
    const console = await jobsConsole(session)
    await console.press('j', 'j')
    expect(rows(console)).toContain('>3')
    await session.inspector.act({kind: 'delete', reason: ''}, [{id: 4, seen: null}], {actor: 'test', waitMs: null, reap: async () => {}, signal: new AbortController().signal})
    await console.look()
    expect(rows(console)).toEqual(['5', '>3', '2', '1'])
  })

  test('leaves the cursor in its place when its job goes', async () => {
    const console = await jobsConsole(await filled(5))
    await console.press('right', 'j', 'j', 'C', 'y')
    expect(rows(console)).toEqual(['5', '4', '>2', '1'])
    await console.press('C', 'y', 'C', 'y')
    expect(rows(console)).toEqual(['5', '>4'])
  })

  test('goes by state, with how many there are', async () => {
    const session = await filled(6)
    await run(session, [REJECTED, {kind: 'done', result: null}, null])
    const console = await jobsConsole(session, {size: {columns: 120, rows: 30}})
    expect(console.text()).toMatch(/\[All 6\] +Pending 3 +Scheduled 0 +Processing 1 +Retrying 0 +Failed 1 +Done 1 +Cancelled 0/)
    const seen: Record<string, readonly string[]> = {}
    for (let at = 0; at < 8; at += 1) {
      seen[/\[(\w+)[^\]]*\]/.exec(console.frame()[3] ?? '')?.[1] ?? ''] = rows(console)
      await console.press('right')
    }
    expect(seen).toEqual({All: ['>6', '5', '4', '3', '2', '1'], Pending: ['>6', '5', '4'], Scheduled: [], Processing: ['>3'], Retrying: [], Failed: ['>1'], Done: ['>2'], Cancelled: []})
  })

  test('says how many are retrying, or that nobody knows', async () => {
    const session = await filled(3)
    await run(session, [{kind: 'failed', error: 'busy', retryAfterMs: null}, {kind: 'failed', error: 'busy', retryAfterMs: null}])
    const console = await jobsConsole(session, {size: {columns: 120, rows: 30}})
    expect(console.text()).toMatch(/Retrying 2 +Failed 0 +Done 0/)
    await produce(session, 998)
    await console.look()
    expect(console.text()).toMatch(/Retrying 1\+ /)
    await produce(session, 1)
    await console.look()
    expect(console.text()).toMatch(/Retrying \? /)
    await console.press('/')
    await console.type('attempts>0')
    await console.press('enter')
    expect(rows(console)).toEqual(['>2', '1'])
  })

  test('shows payload and last run of the job under the cursor', async () => {
    const session = await filled(2)
    await run(session, [REJECTED])
    const console = await jobsConsole(session)
    await console.press('j')
    expect(console.text()).toMatch(/payload +9 B +payload 0/)
    expect(console.text()).toMatch(/last +rejected on runs-mail \(attempt 1\): smtp 550/)
  })

  test('shows the beginning of a large payload, and says of a very large one where it is', async () => {
    const session = await memorySession()
    await session.storage.setQueue('mail', {create: 'must', settings: {maxPayloadBytes: 16 * 1024 * 1024}})
    await session.queue.enqueue([{queue: 'mail', payload: `begins${'x'.repeat(1024 * 1024)}`}, {queue: 'mail', payload: 'y'.repeat(5 * 1024 * 1024)}])
    const console = await jobsConsole(session)
    expect(console.text()).toMatch(/payload +5\.0M +too large to be shown in passing; Enter opens the job/)
    await console.press('j')
    expect(console.text()).toMatch(/payload +1\.0M +beginsxxx/)
  })

  test('copies the id', async () => {
    const console = await jobsConsole(await filled(2))
    await console.press('j', 'y')
    expect(console.copied).toEqual(['1'])
  })
})

describe('the filter', () => {
  test('is that of --where, beside the state', async () => {
    const session = await filled(4)
    await produce(session, 2, 'other')
    const console = await jobsConsole(session)
    await console.press('/')
    await console.type('queue=other or id=2')
    await console.press('enter')
    expect(rows(console)).toEqual(['>6', '5', '2'])
    expect(console.text()).toContain('3 jobs match')
    await console.press('right')
    expect(rows(console)).toEqual(['>6', '5', '2'])
    await console.press('right')
    expect(rows(console)).toEqual([])
    expect(console.text()).toContain('no job that is scheduled matches; arrows: other states, Esc drops the filter')
    await console.press('esc', 'left', 'left')
    expect(rows(console).length).toBe(6)
  })

  test('says how many match also where they are more than a page', async () => {
    const session = await filled(42)
    const console = await jobsConsole(session)
    await console.press('/')
    await console.type('queue=mail')
    await console.press('enter')
    expect(console.text()).toContain('42 jobs match, more below')
    await console.press('pagedown')
    expect(console.text()).toContain('page 2, 42 jobs match, more below')
    await produce(session, 200)
    await console.press('g')
    expect(console.text()).toContain('200+ jobs match, more below')
  })

  test('that is wrong is told with its place, and can be mended', async () => {
    const console = await jobsConsole(await filled(2))
    await console.press('/')
    await console.type('stat=failed')
    await console.press('enter')
    expect(console.text()).toContain('filter, character 1: unknown field "stat": did you mean state?')
    expect(console.text()).toContain('filter: stat=failed')
    await console.press('home', 'right', 'right', 'right', 'right', 'e', 'enter')
    expect(console.text()).toContain('filter: state=failed')
  })

  test('a number is an id, and bare words are looked for', async () => {
    const session = await filled(12)
    await run(session, [REJECTED])
    const console = await jobsConsole(session)
    await console.press('/')
    await console.type('12')
    await console.press('enter')
    expect(rows(console)).toEqual(['>12'])
    await console.press('/', 'ctrl-u')
    await console.type('SMTP 550')
    await console.press('enter')
    expect(rows(console)).toEqual(['>1'])
  })

  test('stays as it was typed, at its place, with what words are looked for in; what is too long loses its end', async () => {
    const session = await filled(2)
    await run(session, [REJECTED])
    const console = await jobsConsole(session)
    await console.press('/')
    await console.type('SMTP 550')
    await console.press('enter')
    expect(console.frame()[4]).toMatch(/^ filter: SMTP 550  \(in queue, key, tag, consumer or error\) +1 job matches$/)
    expect(frameOf(console.state, {size: {columns: 60, rows: 24}})[4]).toMatch(/^ filter: SMTP 550 +1 job matches$/)
    await console.press('/')
    expect(console.frame().at(-1)).toContain('filter: SMTP 550')
    await console.type(' '.repeat(3) + 'x'.repeat(99))
    await console.press('enter')
    expect(console.frame()[4]).toMatch(/^ filter: SMTP 550   x+~? ?.* +0 jobs match$/)
  })

  test('takes the numbers from the tabs: only that of the shown one is known, and is the filtered one', async () => {
    const session = await filled(4)
    await produce(session, 2, 'other')
    await run(session, [REJECTED, REJECTED])
    const console = await jobsConsole(session, {size: {columns: 120, rows: 30}})
    expect(console.frame()[3]).toContain('Failed 2')
    await console.press('/')
    await console.type('queue=other')
    await console.press('enter')
    expect(console.frame()[3]).toBe('[All 2] Pending  Scheduled  Processing  Retrying  Failed  Done  Cancelled')
    await console.press('left', 'left', 'left')
    expect(console.frame()[3]).toContain('[Failed 0]')
    await console.press('esc')
    expect(console.frame()[3]).toMatch(/Scheduled 0 .*\[Failed 2\]/)
  })

  test('that names a state leads to the list of all states', async () => {
    const session = await filled(3)
    await run(session, [REJECTED])
    const console = await jobsConsole(session)
    for (const [typed, tab] of [['queue=mail not (state=pending)', 'All 1'], ['id=3', 'Pending 1']] as const) {
      await console.press('esc', 'right', '/')
      await console.type(typed)
      await console.press('enter')
      expect(console.frame()[3]).toContain(`[${tab}]`)
    }
  })

  test('of tabs that are too narrow for all numbers only the shown one has one', async () => {
    const console = await jobsConsole(await filled(3))
    const tabs = (columns: number): string => frameOf(console.state, {size: {columns, rows: 24}}).find(line => line.includes('Sched')) ?? ''
    expect(tabs(80)).toContain('[All 3] Pend 3  Sched 0  Proc 0  Retry 0  Fail 0  Done 0  Canc 0')
    expect(tabs(60)).toContain('[All 3] Pend 3 Sched 0 Proc 0')
    await produce(console.session, 997)
    await console.look()
    expect(tabs(60)).toBe('[All 1,000] Pend  Sched  Proc  Retry  Fail  Done  Canc')
  })

  test('is bound to the queues of -Q', async () => {
    const {wholeFilter} = await import('../../src/lib/top/job-filter.ts')
    expect(wholeFilter({tab: 'failed', filter: 'id=1 or id=2'}, ['a', 'b'])).toBe('queue in(a,b) state=failed (id=1 or id=2)')
    expect(wholeFilter({tab: 'all', filter: 'id=1 or id=2'}, null)).toBe('id=1 or id=2')
    expect(wholeFilter({tab: 'done', filter: 'age>1h'}, null)).toBe('state=done age>1h')
    expect(wholeFilter({tab: 'all', filter: ''}, ['a'])).toBe('queue=a')
    expect(wholeFilter({tab: 'all', filter: ''}, null)).toBe('')
  })
})

describe('a search that no index helps', () => {
  test('goes on with each look, never over more than its share, and says how far it is', async () => {
    const session = await memorySession()
    await session.queue.enqueue([{queue: 'mail', payload: '', key: 'needle'}])
    for (let at = 0; at < 45; at += 1) await produce(session, 1000)
    const looked: number[] = []
    const {list} = session.inspector
    session.inspector.list = async query => {
      const page = await list.call(session.inspector, query)
      looked.push(page.searched.rows)
      return page
    }
    const console = await jobsConsole(session)
    await console.press('/')
    await console.type('key~needle')
    await console.press('enter')
    const said: string[] = []
    await waitFor(async () => {
      said.push(/searched [\d,]+ of 45,001/.exec(console.text())?.[0] ?? '')
      await console.look()
      return rows(console).includes('>1')
    })
    expect(said.filter(text => text !== '').length).toBeGreaterThan(0)
    expect(Math.max(...looked)).toBeLessThanOrEqual(20_000)
    expect(console.text()).toContain('1 job matches')
    looked.length = 0
    await console.look()
    // The newest for the list, those found, and some to count what is retrying.
    expect(looked.reduce((sum, rows) => sum + rows, 0)).toBeLessThanOrEqual(2000 + 1 + 1000)
    await produce(session, 1)
    await session.queue.enqueue([{queue: 'mail', payload: '', key: 'needle 2'}])
    await console.look()
    expect(rows(console)).toEqual(['>45003', '1'])
  })
})

describe('marks', () => {
  test('are set with space and *, and taken away with space, u and Esc', async () => {
    const console = await jobsConsole(await filled(4))
    await console.press('space', 'space')
    expect(rows(console)).toEqual(['*4', '*3', '>2', '1'])
    await console.press('k', 'space')
    expect(rows(console)).toEqual(['*4', '3', '>2', '1'])
    await console.press('*')
    expect(rows(console)).toEqual(['*4', '*3', '>*2', '*1'])
    await console.press('u')
    expect(rows(console)).toEqual(['4', '3', '>2', '1'])
    await console.press('*', 'esc')
    expect(rows(console)).toEqual(['4', '3', '>2', '1'])
  })

  test('hold the list as it was', async () => {
    const session = await filled(3)
    const console = await jobsConsole(session)
    await console.press('right', 'space')
    await session.inspector.act({kind: 'cancel', reason: ''}, [{id: 1, seen: null}], {actor: 'test', waitMs: null, reap: async () => {}, signal: new AbortController().signal})
    await produce(session, 1)
    await console.press('j')
    expect(rows(console)).toEqual(['*3', '2', '>1'])
    expect(console.text()).toContain('held')
    await console.press('u', 'g')
    expect(rows(console)).toEqual(['>4', '3', '2'])
  })

  test('stay while pages are turned, and go with another list', async () => {
    const console = await jobsConsole(await filled(20))
    await console.press('space', 'pagedown', 'space', 'pageup')
    expect(console.text()).toContain('2 marked')
    await console.press('right')
    expect(console.text()).not.toContain('marked:')
  })
})

describe('an act on jobs', () => {
  test('of one job asks, and says no unless y is typed', async () => {
    const session = await filled(2)
    const console = await jobsConsole(session)
    await console.press('C')
    expect(console.text()).toContain('Cancel job 2?')
    await console.press('enter')
    expect(await states(session)).toEqual({1: 'pending', 2: 'pending'})
    await console.press('C', 'y')
    expect(await states(session)).toEqual({1: 'pending', 2: 'cancelled'})
    expect(console.text()).toContain('1 cancelled  U undo')
  })

  test('of marked jobs is for these, and says what was left alone', async () => {
    const session = await filled(4)
    await run(session, [{kind: 'done', result: null}])
    const console = await jobsConsole(session)
    await console.press('*', 'C')
    expect(console.text()).toContain('Cancel 3 jobs?')
    expect(console.text()).toContain('Left alone: 1 done.')
    await console.press('y')
    expect(await states(session)).toEqual({1: 'done', 2: 'cancelled', 3: 'cancelled', 4: 'cancelled'})
    expect(console.text()).toContain('3 cancelled, 1 skipped (finished)')
    expect(rows(console)).toEqual(['>4', '3', '2', '1'])
  })

  test('leaves alone what has changed since it was marked', async () => {
    const session = await filled(2)
    const console = await jobsConsole(session)
    await console.press('*', 'D')
    await run(session, [REJECTED])
    await console.press('y')
    expect(await states(session)).toEqual({1: 'failed'})
    expect(console.text()).toContain('1 deleted, 1 skipped (changed since)')
  })

  test('of all there are says a command that is taken', async () => {
    const session = await filled(3)
    const console = await jobsConsole(session)
    await console.press('F', 'D')
    expect(console.text()).toContain("qctl jobs delete --where 'id>=1' --confirm 3")
  })

  test('of all that match wants the number, and spares what came since it was counted', async () => {
    const session = await filled(3)
    await produce(session, 1, 'other')
    const console = await jobsConsole(session)
    await console.press('/')
    await console.type('queue=mail')
    await console.press('enter', 'F', 'D')
    expect(console.text()).toContain('Delete 3 jobs?')
    expect(console.text()).toContain('All that match: queue=mail')
    expect(console.text()).toContain("qctl jobs delete --where queue=mail --confirm 3")
    await produce(session, 2)
    await console.press('y', 'enter')
    expect(Object.keys(await states(session)).length).toBe(6)
    await console.press('esc', 'F', 'D')
    expect(console.text()).toContain('Delete 5 jobs?')
    await produce(session, 1)
    await run(session, [null])
    await console.press('5', 'enter')
    expect(await states(session)).toEqual({1: 'processing', 4: 'pending', 7: 'pending'})
    expect(console.text()).toContain('4 deleted, 1 skipped (changed since)')
  })

  test('of more than 50 marked wants the number, too', async () => {
    const session = await filled(60)
    const console = await jobsConsole(session, {size: {columns: 80, rows: 80}})
    await console.press('*', 'C')
    expect(console.text()).toContain('Type 60 to confirm')
    await console.press('6', '0', 'enter')
    expect(new Set(Object.values(await states(session)))).toEqual(new Set(['cancelled']))
  })

  test('F is for the next act only', async () => {
    const session = await filled(2)
    const console = await jobsConsole(session)
    await console.press('F')
    expect(console.text()).toContain('ALL THAT MATCH')
    await console.press('C')
    expect(console.text()).toContain('Cancel 2 jobs?')
    await console.press('esc', 'C')
    expect(console.text()).toContain('Cancel job 2?')
  })

  test('asks before one job is resubmitted, whether it failed or is done', async () => {
    const session = await filled(2)
    await run(session, [REJECTED, {kind: 'done', result: null}])
    const console = await jobsConsole(session)
    await console.press('R')
    expect(console.text()).toContain('Resubmit job 2?')
    await console.press('esc', 'j', 'R')
    expect(console.text()).toContain('Resubmit job 1?')
    expect(console.text()).toContain('Undo: no.')
    await console.press('enter')
    expect(await states(session)).toEqual({1: 'failed', 2: 'done'})
    await console.press('R', 'y')
    expect(console.text()).toContain('1 resubmitted')
    expect(await states(session)).toEqual({1: 'pending', 2: 'done'})
  })

  test('runs jobs now that wait for their time', async () => {
    const session = await memorySession()
    await session.queue.enqueue([{queue: 'mail', payload: '', delayMs: 3_600_000}, {queue: 'mail', payload: '', delayMs: 3_600_000}])
    const console = await jobsConsole(session)
    await console.press('*', 'R')
    expect(console.text()).toContain('Run 2 jobs now?')
    expect(console.text()).toContain('qctl jobs cancel 1 2 && qctl jobs resubmit 1 2')
    await session.inspector.act({kind: 'cancel', reason: ''}, [{id: 1, seen: null}], {actor: 'test', waitMs: null, reap: async () => {}, signal: new AbortController().signal})
    await console.press('y')
    expect(console.text()).toContain('1 resubmitted; of the others: 1 cancelled, 1 skipped (changed since)')
    await run(session, [null, null])
    expect(await states(session)).toEqual({1: 'cancelled', 2: 'processing'})
  })

  test('of those that are due already are left as they are', async () => {
    const session = await filled(1)
    await session.queue.enqueue([{queue: 'mail', payload: '', delayMs: 3_600_000}])
    const console = await jobsConsole(session)
    await console.press('*', 'R')
    expect(console.text()).toContain('Run job 2 now?')
    await console.press('n', 'u', 'j', 'R')
    expect(console.text().replaceAll(/\s+/g, ' ')).toContain('job 1 is due already: it runs as soon as a consumer has room; e says what it is waiting for')
  })

  test('fails for a reason that is asked for', async () => {
    const session = await filled(1)
    const console = await jobsConsole(session)
    await console.press('X')
    await console.type('the customer is gone')
    await console.press('enter')
    expect(console.text()).toContain("qctl jobs fail 1 --reason 'the customer is gone'")
    await console.press('y')
    const [details] = await session.inspector.show([1])
    expect(details?.job).toMatchObject({state: 'failed', reason: 'admin'})
    expect(details?.events.at(-1)).toMatchObject({actor: 'top:test', reason: 'the customer is gone'})
  })

  test('assigns to a consumer that is asked for', async () => {
    const session = await filled(2)
    const console = await jobsConsole(session)
    await console.press('M', 'enter', 'enter')
    expect(console.text()).toContain('not a name')
    await console.type('web1')
    await console.press('tab', 'ctrl-u')
    await console.type('never')
    await console.press('enter')
    // Who does not exist (yet) may be a slip of the keyboard.
    expect(console.text()).toContain('There is no consumer web1 now.')
    await console.press('y')
    const [details] = await session.inspector.show([2])
    expect(details?.job).toMatchObject({assignedTo: 'web1', assignedUntil: null})
    expect(console.text()).toContain('1 assigned  U undo')
    await console.press('U')
    await run(session, [null, null])
    expect(await states(session)).toEqual({1: 'processing', 2: 'processing'})
  })

  test('assigns at once to a consumer that is there', async () => {
    const session = await filled(2)
    await run(session, [], 'other')
    const console = await jobsConsole(session)
    await console.press('M')
    await console.type('runs-other')
    await console.press('tab', 'enter')
    expect(console.text()).toContain('1 assigned  U undo')
  })

  test('that would change nothing is said before anything is asked', async () => {
    const session = await filled(1)
    await run(session, [{kind: 'done', result: null}])
    const console = await jobsConsole(session)
    for (const [key, verb] of [['X', 'fail'], ['M', 'assign']] as const) {
      await console.press(key)
      expect(console.text()).toContain(`nothing to ${verb}: 1 done`)
      expect(console.state.overlay).toBeNull()
    }
  })

  test('of a job that is being processed asks its holder, and says so', async () => {
    const session = await filled(1)
    await run(session, [null])
    const console = await jobsConsole(session)
    await console.press('C')
    expect(console.text()).toContain('Being processed: 1.')
    await console.press('y')
    expect(console.text()).toContain('1 skipped (requested, still processing)')
    expect(console.text()).toContain('cancel requested')
    await console.press('D')
    expect(console.text()).toContain('nothing to delete: 1 processing')
  })

  test('that would change nothing is no question', async () => {
    const session = await filled(1)
    const console = await jobsConsole(session)
    await console.press('R')
    expect(console.text()).toContain('nothing to resubmit: job 1 is due already: it runs as soon as a consumer has')
    await console.press('/')
    await console.type('id=77')
    await console.press('enter', 'F', 'C')
    expect(console.text()).toContain('nothing to cancel: no job matches')
  })

  test('is undone where all is as it was before', async () => {
    const session = await filled(3)
    const console = await jobsConsole(session)
    await console.press('space', 'space', 'C', 'y', 'U')
    expect(await states(session)).toEqual({1: 'pending', 2: 'pending', 3: 'pending'})
    expect(console.text()).toContain('undone: 2 resubmitted')
  })

  test('is told in words that are no error, also when it is undone', async () => {
    const console = await jobsConsole(await filled(2))
    await console.press('X', 'n', 'o', 'enter', 'y')
    expect(console.text()).toContain(' 1 marked as failed')
    await console.press('j', 'M', 'w', 'tab', 'enter', 'y')
    expect(console.text()).toContain(' 1 assigned')
    await console.press('U')
    expect(console.text()).toContain('undone: 1 free for any consumer again')
  })

  test('is not undone where that would be another job', async () => {
    const session = await memorySession()
    await session.queue.enqueue([{queue: 'mail', payload: '', delayMs: 3_600_000}])
    const console = await jobsConsole(session)
    await console.press('C')
    expect(console.text()).toContain('Undo: no.')
    await console.press('y', 'U')
    expect(await states(session)).toEqual({1: 'cancelled'})
  })
})
