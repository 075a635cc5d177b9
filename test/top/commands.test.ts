import {describe, expect, test} from 'bun:test'
import {execFile} from 'node:child_process'
import {dirname} from 'node:path'
import {promisify} from 'node:util'
import {withDatabase} from '../../src/lib/cli/with-database.ts'
import {DEFAULT_SETTINGS} from '../../src/lib/job.ts'
import {queueCommand} from '../../src/lib/top/acts-of-queues.ts'
import {produceForm} from '../../src/lib/top/produce-form.ts'
import {createForm, editForm, settingTexts} from '../../src/lib/top/setting-form.ts'
import {BINARY, Sandbox} from '../support/binary.ts'

const run = promisify(execFile)

/** Pastes a command into a shell. Throws when it fails. */
async function paste(sandbox: Sandbox, command: string | undefined): Promise<string> {
  const env = {PATH: `${dirname(BINARY)}:${process.env['PATH']}`, HOME: sandbox.home, TZ: 'UTC'}
  return (await run('sh', ['-c', command ?? 'false'], {env, cwd: sandbox.home, timeout: 30_000})).stdout
}

test('a command that is fed with what cannot be shown names the database, too', () => {
  const command = produceForm('mail').cli?.({queue: 'mail', payload: 'a\nb', priority: '0'}) ?? ''
  expect(withDatabase(command, '/d.db')).toBe(String.raw`printf %b 'a\nb' | qctl --db '/d.db' produce -Q mail -`)
})

describe('a command that a dialog shows does what the dialog does', () => {
  for (const name of ['mail', '-x']) {
    test(`to the queue ${name}`, async () => {
      await using sandbox = new Sandbox()
      await sandbox.qctl(['init'])
      const show = async (): Promise<unknown> => {
        const {items} = (await sandbox.json(['queues', 'list'])) as {readonly items: readonly {readonly name: string}[]}
        return items.find(queue => queue.name === name)
      }
      await paste(sandbox, createForm().cli?.({name, 'max-attempts': '', timeout: '5m', concurrency: '', 'dead-letter': ''}))
      expect(await show()).toMatchObject({settings: {timeout_ms: 300_000}})
      await paste(sandbox, queueCommand('pause', name, ['--reason', "it's down $HOME"]))
      expect(await show()).toMatchObject({paused: true, paused_reason: "it's down $HOME"})
      await paste(sandbox, queueCommand('resume', name))
      expect(await show()).toMatchObject({paused: false})
      const edited = {...settingTexts({...DEFAULT_SETTINGS, timeoutMs: 300_000}), backoff: 'exp:2s..1m*3', retention: 'done=1d,failed=never,cancelled=7d', 'dead-letter': name === 'mail' ? 'dead' : '--dead'}
      await paste(sandbox, editForm(name, {...DEFAULT_SETTINGS, timeoutMs: 300_000}).cli?.(edited))
      expect(await show()).toMatchObject({
        settings: {backoff: {base_ms: 2000, cap_ms: 60_000, factor: 3}, retention: {done_ms: 86_400_000, failed_ms: null}, dead_letter: name === 'mail' ? 'dead' : '--dead', timeout_ms: 300_000},
      })
      await paste(sandbox, produceForm(name).cli?.({queue: name, payload: 'a', priority: '0'}))
      await paste(sandbox, queueCommand('purge', name, ['--state', 'pending,failed', '--yes']))
      expect(await show()).toMatchObject({counts: {pending: 0}})
      await paste(sandbox, produceForm(name).cli?.({queue: name, payload: 'a', priority: '0'}))
      await paste(sandbox, queueCommand('delete', name, ['--force', '--yes']))
      await paste(sandbox, queueCommand('delete', name === 'mail' ? 'dead' : '--dead'))
      expect(await sandbox.json(['queues', 'list'])).toMatchObject({items: []})
    })
  }

  test('with the settings of every queue as they are', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['init'])
    await sandbox.qctl(['queues', 'create', 'mail'])
    const before = await sandbox.json(['queues', 'show', 'mail'])
    const texts = settingTexts(DEFAULT_SETTINGS)
    await paste(sandbox, queueCommand('set', 'mail', Object.entries(texts).flatMap(([name, text]) => [`--${name}`, text])))
    expect(await sandbox.json(['queues', 'show', 'mail'])).toEqual(before)
  })

  for (const payload of ['plain', '', '-', '--json', `it's "quoted" $HOME \\ *`, '{"a":[1,2]}', "two\nli'nes\n", 'a\tb\\n\u001b[0m\n1']) {
    test(`with the payload ${JSON.stringify(payload)}`, async () => {
      await using sandbox = new Sandbox()
      const values = {queue: 'mail', payload, priority: '-5', delay: '1h', key: "k'1", tag: 'a,b', type: 'text/plain; charset=utf-8', 'max-attempts': '3'}
      const id = (await paste(sandbox, produceForm('mail').cli?.(values))).trim()
      expect(await sandbox.json(['jobs', 'show', id])).toMatchObject({
        queue: 'mail', payload, priority: -5, scheduled: true, key: "k'1", tags: ['a', 'b'], content_type: 'text/plain; charset=utf-8', max_attempts: 3,
      })
    })
  }
})
