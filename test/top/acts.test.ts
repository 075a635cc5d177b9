import {describe, expect, test} from 'bun:test'
import {Sandbox} from '../support/binary.ts'
import {Terminal} from '../support/terminal.ts'
import {waitFor} from '../support/wait-for.ts'

/** A home with some jobs, and `top` in ADMIN on its queues. */
async function consoleOf(sandbox: Sandbox): Promise<Terminal> {
  await sandbox.qctl(['produce', '-Q', 'mail', '{"to":"ann@example.com"}', 'b'])
  const terminal = await Terminal.start(['top', '--admin', '--screen', 'queues'], {home: sandbox.home})
  await terminal.shows('[3 Queues]')
  return terminal
}

const job = (sandbox: Sandbox, id: number): Promise<unknown> => sandbox.json(['jobs', 'show', String(id)])

/** A question is not answered before it could be read. A second y would clear what was said of the first: it is given time. */
async function sayYes(terminal: Terminal): Promise<void> {
  await terminal.shows('[no]')
  const isAnswered = async (): Promise<boolean> => !(await terminal.screen()).includes('[no]')
  await waitFor(async () => {
    await terminal.keys('y')
    return waitFor(isAnswered, {deadlineMs: 1000}).catch(() => false)
  }, {what: 'the answer'})
}

describe('in a terminal', () => {
  test('a queue is paused and resumed', async () => {
    await using sandbox = new Sandbox()
    await using terminal = await consoleOf(sandbox)
    await terminal.keys('P')
    await terminal.shows('why is mail paused')
    await terminal.type('because')
    await terminal.keys('Enter')
    await terminal.shows('qctl queues pause mail --reason because')
    await sayYes(terminal)
    await terminal.shows('paused: because')
    expect(await sandbox.json(['queues', 'show', 'mail'])).toMatchObject({paused: true, paused_reason: 'because'})
    await terminal.keys('P')
    await terminal.shows('mail is active again')
    expect(await sandbox.json(['queues', 'show', 'mail'])).toMatchObject({paused: false})
  })

  test('a job is produced', async () => {
    await using sandbox = new Sandbox()
    await using terminal = await consoleOf(sandbox)
    await terminal.keys('J')
    await terminal.shows('New job')
    await terminal.keys('Tab')
    await terminal.type('by hand')
    await terminal.shows("qctl produce -Q mail 'by hand'")
    await terminal.keys('BTab', 'BTab', 'Enter')
    await terminal.shows('job 3 is in mail')
    expect(await job(sandbox, 3)).toMatchObject({state: 'pending', payload: 'by hand'})
  })

  test('a job is taken by hand, kept beyond its lease, and settled', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['init'])
    await sandbox.qctl(['queues', 'create', 'mail', '--lease', '3s'])
    await using terminal = await consoleOf(sandbox)
    await terminal.keys('T')
    await sayYes(terminal)
    await terminal.shows('"to":"ann@example.com"')
    // Longer than its lease it is still held, by a consumer that everybody sees.
    await terminal.shows(/held +for ([4-9]|\d\d)s/, 30_000)
    expect(await sandbox.json(['consumers', 'list'])).toMatchObject({items: [{queues: ['mail'], jobs: 1, alive: 'yes', current: [{id: 1}]}]})
    expect((await sandbox.qctl(['reap', '--once'])).status).toBe(0)
    expect(await job(sandbox, 1)).toMatchObject({state: 'processing', fence: 1})
    await terminal.keys('D')
    await sayYes(terminal)
    await terminal.shows('job 1 is done')
    expect(await job(sandbox, 1)).toMatchObject({state: 'done', attempts: 1, attempts_list: [{outcome: 'done'}]})
    expect(await sandbox.json(['consumers', 'list'])).toMatchObject({items: []})
  })

  test('a job in the hand goes back unspent when the console is left', async () => {
    await using sandbox = new Sandbox()
    await using terminal = await consoleOf(sandbox)
    await terminal.keys('T')
    await sayYes(terminal)
    await terminal.shows('is in your hand')
    await terminal.keys('C-c')
    expect(await terminal.ended()).toBe(0)
    expect(await job(sandbox, 1)).toMatchObject({state: 'pending', attempts: 0, attempts_list: [{outcome: 'released'}]})
    expect(await sandbox.json(['consumers', 'list'])).toMatchObject({items: []})
  })

  test('a console that was frozen for longer than its lease has lost the job, and cannot settle it', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['init'])
    await sandbox.qctl(['queues', 'create', 'mail', '--lease', '1s'])
    await using terminal = await consoleOf(sandbox)
    await terminal.keys('T')
    await sayYes(terminal)
    await terminal.shows('is in your hand')
    const pid = await terminal.pid()
    process.kill(pid, 'SIGSTOP')
    try {
      expect(await sandbox.qctl(['consume', '-Q', 'mail', '--drain', '--', 'cat'])).toMatchObject({status: 0})
      await terminal.keys('D')
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    await terminal.shows(/\[no\]|Your hand is empty/)
    if ((await terminal.screen()).includes('[no]')) await sayYes(terminal)
    await terminal.shows(/not yours any more|Your hand is empty/)
    expect(await job(sandbox, 1)).toMatchObject({state: 'done', fence: 2, attempts_list: [{outcome: 'lost', cause: 'lease_expired'}, {outcome: 'done'}]})
  })

  test('a job in the hand comes back when the console is killed', async () => {
    await using sandbox = new Sandbox()
    await using terminal = await consoleOf(sandbox)
    await terminal.keys('T')
    await sayYes(terminal)
    await terminal.shows('is in your hand')
    process.kill(await terminal.pid(), 'SIGKILL')
    await terminal.ended()
    await sandbox.qctl(['consume', '-Q', 'mail', '--drain', '--', 'cat'])
    expect(await job(sandbox, 1)).toMatchObject({state: 'done', fence: 2, attempts_list: [{outcome: 'lost', cause: 'consumer_died'}, {outcome: 'done'}]})
    // The reaper's act is an event like those of people.
    await using looking = await Terminal.start(['top', '--screen', 'events'], {home: sandbox.home})
    await looking.shows(/1 +mail +reaper +processing > pending +consumer_died/)
  })
})

describe('events', () => {
  test('tell what the command line and consumers did to queues', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['produce', '-Q', 'mail', 'a'])
    for (const words of ['create video', 'set video --timeout 5m', 'pause video --reason why', 'resume video', 'delete video']) await sandbox.qctl(['queues', ...words.split(' ')])
    await sandbox.qctl(['consume', '-Q', 'mail', '--drain', '--name', 'ann', '--', 'sh', '-c', 'exit 78'])
    const {stdout} = await sandbox.qctl(['top', '--screen', 'events'])
    const rows = stdout.split('\n').flatMap(line => /(video|mail) +(\S+) +queue +(\S.*)$/.exec(line)?.slice(1, 4).join(' ') ?? [])
    const actor = /cli:\S+/.exec(stdout)?.[0]
    expect(rows.map(row => row.trimEnd())).toEqual([
      expect.stringMatching(/^mail ann paused: /),
      ...['delete', 'resume', 'pause: why', 'set timeout', 'create'].map(what => `video ${actor} queues ${what}`),
    ])
  })
})

describe('the processes of supervisord', () => {
  test('are shown and scaled', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['supervisor', 'init', '--consumers', '1', '-Q', 'mail', '--', 'cat'])
    expect(await sandbox.qctl(['supervisor', 'start'])).toMatchObject({status: 0})
    try {
      await using terminal = await Terminal.start(['top', '--admin', '--screen', 'consumers'], {home: sandbox.home})
      await terminal.shows(/consumer_00 .* yes/)
      await terminal.shows('supervisor: 2 of 2 processes run, 1 of ')
      // A frame on paper waits for the answer.
      expect((await sandbox.qctl(['top', '--once', '--screen', 'consumers'])).stdout).toContain('supervisor: 2 of 2 processes run, 1 of ')
      await terminal.keys('s')
      await terminal.shows(/consumer:consumer_00 +RUNNING/)
      await terminal.keys('S')
      await terminal.shows('how many consumers (now 1')
      await terminal.keys('C-u', '2', 'Enter')
      await terminal.shows('qctl supervisor scale 2')
      await sayYes(terminal)
      await terminal.shows(/consumer:consumer_01 +RUNNING/)
      await terminal.keys('j', 'X')
      await terminal.shows('qctl supervisor stop consumer:consumer_01')
      await sayYes(terminal)
      await terminal.shows(/consumer:consumer_01 +STOPPED/)
      const {items} = (await sandbox.json(['supervisor', 'status'])) as {readonly items: readonly {readonly name: string; readonly state: string}[]}
      expect(items.map(({name, state}) => [name, state])).toContainEqual(['consumer:consumer_01', 'STOPPED'])
      await sandbox.qctl(['supervisor', 'stop', '--shutdown'])
      await terminal.shows('supervisord is not running')
      await terminal.keys('B')
      await terminal.shows('qctl supervisor start')
      await sayYes(terminal)
      await terminal.shows(/consumer:consumer_01 +RUNNING/)
      await terminal.keys('R')
      await terminal.shows('qctl supervisor restart consumer:consumer_0')
      await terminal.keys('n')
    } finally {
      await sandbox.qctl(['supervisor', 'stop', '--shutdown'])
    }
  }, 60_000)
})

describe('health', () => {
  test('shows what the doctor says, and asks him again', async () => {
    await using sandbox = new Sandbox()
    await using terminal = await consoleOf(sandbox)
    await terminal.keys('5')
    await terminal.shows('survives a power cut')
    await terminal.shows('2 jobs in queue mail, the oldest for', 30_000)
    await terminal.shows('fix: qctl consume -Q mail -- COMMAND')
    await sandbox.qctl(['queues', 'pause', 'mail'])
    await terminal.keys('r')
    await terminal.shows('fix: qctl queues resume mail', 30_000)
  })
})
