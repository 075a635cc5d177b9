import {describe, expect, test} from 'bun:test'
import type {Session} from '../../src/lib/cli/session.ts'
import type {Queue} from '../../src/lib/job.ts'
import {Console, memorySession} from './console.tsx'

async function filled(): Promise<Session> {
  const session = await memorySession()
  await session.queue.enqueue(['a', 'b', 'c'].map(payload => ({queue: 'mail', payload})))
  await session.queue.enqueue([{queue: 'work', payload: 'w'}])
  return session
}

const queuesConsole = (session: Session): Promise<Console> => Console.open({screen: 'queues', mode: 'admin', size: {columns: 100, rows: 30}}, session)

async function queueOf({storage}: Session, name: string): Promise<Queue | undefined> {
  return (await storage.queues([name]))[0]
}

/** The command that the question on the screen shows. */
function shownCommand({state}: Console): string | null | undefined {
  const {overlay} = state
  if (overlay?.kind === 'confirm') return overlay.act.cli
  if (overlay?.kind !== 'form') return undefined
  return overlay.form.cli?.(Object.fromEntries(overlay.form.fields.map(({name}, at) => [name, overlay.lines[at]?.text ?? ''])))
}

/** Goes to a field of a form and writes it anew. */
async function fill(console: Console, label: string, text: string): Promise<void> {
  const {overlay} = console.state
  if (overlay?.kind !== 'form') throw new Error('there is no form')
  const at = overlay.form.fields.findIndex(field => field.label === label)
  while (console.state.overlay?.kind === 'form' && console.state.overlay.field !== at) await console.press('tab')
  await console.press('ctrl-u')
  await console.type(text)
}

/** Enter on the last field goes on. */
async function submit(console: Console): Promise<void> {
  const {overlay} = console.state
  if (overlay?.kind !== 'form') throw new Error('there is no form')
  while (console.state.overlay?.kind === 'form' && console.state.overlay.field !== overlay.form.fields.length - 1) await console.press('tab')
  await console.press('enter')
}

describe('a queue', () => {
  test('is paused with a reason, after a question that Enter denies, and resumed at once; U takes either back', async () => {
    const session = await filled()
    const console = await queuesConsole(session)
    await console.press('P')
    await console.type('mail server down')
    await console.press('enter')
    expect(shownCommand(console)).toBe("qctl queues pause mail --reason 'mail server down'")
    await console.press('enter')
    expect(await queueOf(session, 'mail')).toMatchObject({paused: false})
    await console.press('P', 'enter', 'y')
    expect(await queueOf(session, 'mail')).toMatchObject({paused: true, pausedReason: null})
    await console.press('U')
    expect(await queueOf(session, 'mail')).toMatchObject({paused: false})
    await console.press('P')
    await console.type('again')
    await console.press('enter', 'y')
    expect(console.text()).toContain('paused: again')
    await console.press('P')
    expect(await queueOf(session, 'mail')).toMatchObject({paused: false})
    await console.press('U')
    expect(await queueOf(session, 'mail')).toMatchObject({paused: true, pausedReason: 'again'})
    const {events} = await session.storage.info({events: 2})
    expect(events).toMatchObject([{queue: 'mail', actor: 'top:test', reason: 'queues pause: again'}, {reason: 'queues resume'}])
  })

  test('gets settings by a form, which says what is wrong and what is the same as a command; U takes them back', async () => {
    const session = await filled()
    const console = await queuesConsole(session)
    const before = await queueOf(session, 'mail')
    await console.press('E')
    await submit(console)
    expect(console.text()).toContain('nothing was changed')
    await console.press('E')
    await fill(console, 'timeout', '5')
    await submit(console)
    expect(console.text()).toContain('5s')
    expect(console.state.overlay).toMatchObject({kind: 'form', field: 4})
    await fill(console, 'timeout', '5m')
    await fill(console, 'retention', 'done=1d')
    await fill(console, 'dead letter', 'mail-dead')
    expect(shownCommand(console)).toBe('qctl queues set mail --timeout 5m --retention done=1d --dead-letter mail-dead')
    await submit(console)
    expect(await queueOf(session, 'mail')).toMatchObject({
      settings: {...before?.settings, timeoutMs: 300_000, deadLetter: 'mail-dead', retention: {...before?.settings.retention, doneMs: 86_400_000}},
    })
    const {events} = await session.storage.info({events: 1})
    expect(events).toMatchObject([{queue: 'mail', reason: 'queues set timeout, retention, dead-letter'}])
    await console.press('U')
    expect(await queueOf(session, 'mail')).toEqual(before)
  })

  test('is created, and not twice', async () => {
    const session = await filled()
    const console = await queuesConsole(session)
    for (const round of [1, 2]) {
      await console.press('C')
      await fill(console, 'name', 'video')
      await fill(console, 'concurrency', '2')
      expect(shownCommand(console)).toBe('qctl queues create video --concurrency 2')
      await submit(console)
      expect(console.text()).toContain(round === 1 ? 'the queue video is there' : 'queue video exists already')
    }
    expect(console.text()).toContain('Ctrl-S save')
    await fill(console, 'name', 'video2')
    await console.press('ctrl-s')
    expect(await queueOf(session, 'video2')).toMatchObject({settings: {concurrency: 2}})
    expect(await queueOf(session, 'video')).toMatchObject({settings: {concurrency: 2, maxAttempts: 8}})
  })

  test('is emptied of the jobs that were counted, once their number was typed', async () => {
    const session = await filled()
    const console = await queuesConsole(session)
    await console.press('D', 'ctrl-u')
    await console.type('processing')
    await console.press('enter')
    expect(console.text()).toContain('cancel it')
    await console.press('ctrl-u')
    await console.type('pending')
    await console.press('enter')
    expect(shownCommand(console)).toBe('qctl queues purge mail --state pending --confirm 3')
    expect(console.text()).toContain('Delete 3 jobs of mail?')
    await session.queue.enqueue([{queue: 'mail', payload: 'late'}])
    await console.press('y', 'enter')
    expect((await queueOf(session, 'mail'))?.counts.pending).toBe(4)
    await console.press('backspace', '3', 'enter')
    expect((await queueOf(session, 'mail'))?.counts.pending).toBe(1)
    expect(console.text()).toContain('3 deleted')
  })

  test('is deleted once its name was typed; an empty one that gets a job meanwhile stays', async () => {
    const session = await filled()
    await session.storage.setQueue('empty', {create: 'must'})
    const console = await queuesConsole(session)
    await console.press('X')
    expect(shownCommand(console)).toBe('qctl queues delete empty')
    await session.queue.enqueue([{queue: 'empty', payload: ''}])
    await console.type('empty')
    await console.press('enter')
    expect(console.text()).toContain('still has jobs')
    await console.press('j', 'X')
    expect(shownCommand(console)).toBe('qctl queues delete mail --force --confirm 3')
    expect(console.text()).toContain('3 jobs')
    await console.type('mail')
    await console.press('enter')
    expect(await queueOf(session, 'mail')).toBeUndefined()
  })

  test('that is deleted leaves the cursor on its neighbour', async () => {
    const session = await memorySession()
    for (const name of ['a', 'b', 'c', 'd']) await session.storage.setQueue(name, {create: 'must'})
    const console = await queuesConsole(session)
    await console.press('j', 'j', 'X', 'c', 'enter')
    expect(console.text()).toContain('>  d ')
    await console.press('X', 'd', 'enter')
    expect(console.text()).toContain('>  b ')
    await session.storage.setQueue('a0', {create: 'must'})
    await console.press('r', 'k', 'j')
    await session.storage.deleteQueue('a', {force: false})
    await console.look()
    expect(console.text()).toContain('>  b ')
  })

  test('shows its settings, its rates and its oldest jobs, and is acted on there, too', async () => {
    const session = await filled()
    const console = await queuesConsole(session)
    await console.press('enter')
    for (const text of ['Queue mail', 'gives up after at most 1 h 23 min', 'lease 30s', '126/127', 'p95', 'done 7d', 'Oldest 3 of 3 pending']) expect(console.text()).toContain(text)
    await console.press('P', 'enter', 'y')
    expect(await queueOf(session, 'mail')).toMatchObject({paused: true})
    await console.press('j', 'enter')
    expect(console.text()).toContain('Job 2')
    await session.storage.deleteQueue('mail', {force: true})
    await console.press('esc')
    expect(console.text()).toContain('no queue mail any more')
  })
})

describe('a job by hand', () => {
  test('is stored as the form says; U takes it back as long as nobody has it', async () => {
    const session = await filled()
    const console = await queuesConsole(session)
    await console.press('J')
    await fill(console, 'payload', 'it is')
    await fill(console, 'priority', '7')
    await fill(console, 'delay', '10m')
    await fill(console, 'key', 'k 1')
    await fill(console, 'tags', 'a,b')
    expect(shownCommand(console)).toBe("qctl produce -Q mail --priority 7 --delay 10m --key 'k 1' --tag a,b 'it is'")
    await submit(console)
    const [job] = await session.storage.get([5])
    expect(job).toMatchObject({queue: 'mail', priority: 7, key: 'k 1', tags: ['a', 'b'], payload: new TextEncoder().encode('it is')})
    expect((job?.runAt ?? 0) - (job?.createdAt ?? 0)).toBe(600_000)
    await console.press('J')
    await fill(console, 'key', 'k 1')
    await submit(console)
    expect(console.text()).toContain('job 5 of mail holds this key')
    await console.press('J')
    await submit(console)
    expect(console.text()).toContain('job 6 is in mail')
    await console.press('U')
    expect(await session.storage.get([6])).toEqual([])
  })

  test('is not taken back when somebody had it meanwhile', async () => {
    const session = await memorySession()
    await session.storage.setQueue('mail', {create: 'must'})
    const console = await queuesConsole(session)
    await console.press('J')
    await submit(console)
    await session.storage.act({kind: 'cancel', reason: 'r'}, [{id: 1, seen: null}], 'ann')
    await console.press('U')
    expect(console.text()).toContain('was taken already, and stays')
    expect(await session.storage.get([1])).toHaveLength(1)
  })

  test('may have a payload of a megabyte', async () => {
    const session = await filled()
    const console = await queuesConsole(session)
    await console.press('J', 'tab')
    console.tell({kind: 'paste', text: 'line\r'.repeat(200_000)})
    expect(console.text()).toContain('too long to be shown')
    await console.press('ctrl-s')
    expect((await session.storage.get([5]))[0]?.payload.length).toBe(1_000_000)
  })

  test('is refused where a field is wrong', async () => {
    const console = await queuesConsole(await filled())
    await console.press('J')
    await fill(console, 'priority', '1001')
    await submit(console)
    expect(console.state.overlay).toMatchObject({kind: 'form', field: 2})
    expect(console.text()).toContain('1000')
  })
})
