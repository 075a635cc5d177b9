import {afterEach, beforeEach, describe, expect, test} from 'bun:test'
import {existsSync, rmSync, statSync} from 'node:fs'
import {connect, type Socket} from 'node:net'
import {dirname, join} from 'node:path'
import {QctlError} from '../../src/lib/errors.ts'
import {Channel} from '../../src/lib/handlers/channel.ts'
import {LINE_MAX_BYTES} from '../../src/lib/job-message.ts'
import {scratchDirectory} from '../support/scratch.ts'
import {waitFor} from '../support/wait-for.ts'
import {Told} from './support.ts'

const CLAIM = {id: 42, fence: 7}
const OK = '{"ok":true}'

const saved = process.env['XDG_RUNTIME_DIR']
let channel: Channel
let told: Told
let path: string
beforeEach(async () => {
  process.env['XDG_RUNTIME_DIR'] = scratchDirectory()
  channel = new Channel()
  told = new Told()
  path = await entered()
})
afterEach(() => {
  for (const peer of peers.splice(0)) peer.socket.destroy()
  channel.close()
  if (saved === undefined) delete process.env['XDG_RUNTIME_DIR']
  else process.env['XDG_RUNTIME_DIR'] = saved
})

async function entered(): Promise<string> {
  const socket = await channel.enter(CLAIM, told)
  if (socket === null) throw new Error('there is no socket')
  return socket
}

const peers: Peer[] = []

/** Somebody who speaks to the consumer without being `qctl job`. */
class Peer {
  readonly socket: Socket
  heard = ''
  isClosed = false

  constructor(target = path) {
    this.socket = connect({path: target, allowHalfOpen: true})
    this.socket.setEncoding('utf8')
    this.socket.on('data', (text: string) => (this.heard += text))
    this.socket.on('error', () => (this.isClosed = true))
    this.socket.on('end', () => (this.isClosed = true))
    peers.push(this)
  }

  /** Sends, and waits for so many answers. */
  async says(text: string | Uint8Array, answers = 1): Promise<readonly string[]> {
    this.heard = ''
    this.socket.write(text)
    return waitFor(() => {
      const lines = this.heard.split('\n')
      return lines.length > answers ? lines.slice(0, -1) : null
    })
  }
}

async function answerTo(text: string): Promise<string> {
  const [answer = ''] = await new Peer().says(`${text}\n`)
  return answer
}

async function codeFor(text: string): Promise<unknown> {
  const answer: unknown = JSON.parse(await answerTo(text))
  return typeof answer === 'object' && answer !== null && 'code' in answer ? answer.code : 'taken'
}

describe('the channel', () => {
  test('hears what a run says of itself', async () => {
    const peer = new Peer()
    expect(await peer.says('{"id":42,"fence":7,"progress":0.4}\n')).toEqual([OK])
    const more = ['"result":"ä"', '"result_base64":"AAE="', '"snooze":"10m"', '"snooze":true'].map(field => `{"id":42,"fence":7,${field}}\n`)
    expect(await peer.says(more.join(''), 4)).toEqual([OK, OK, OK, OK])
    expect(told.said).toEqual(['progress 0.4', 'result ä', 'result \u0000\u0001', 'snooze 600000', 'snooze null'])
  })

  test('takes a line in pieces, and one that only the end of the stream ends', async () => {
    const peer = new Peer()
    for (const piece of ['{"id":42,', '"fence":7,"pro']) {
      await new Promise<void>(resolve => peer.socket.write(piece, () => resolve()))
    }
    peer.socket.end('gress":1}')
    await waitFor(() => peer.heard === `${OK}\n` && peer.isClosed)
    expect(told.said).toEqual(['progress 1'])
  })

  test('is for this user alone', () => {
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
  })

  test('refuses other claims: another job, an old fence, a run that is over', async () => {
    expect(await codeFor('{"id":41,"fence":7,"progress":0.4}')).toBe('conflict')
    expect(await codeFor('{"id":42,"fence":6,"progress":0.4}')).toBe('conflict')
    channel.leave(CLAIM)
    expect(await answerTo('{"id":42,"fence":7,"progress":0.4}')).toBe(
      '{"ok":false,"code":"conflict","message":"run 7 of job 42 is over: this consumer does not run it"}',
    )
    expect(told.said).toEqual([])
  })

  test('passes on why the run may not say that', async () => {
    told.progress = () => {
      throw new QctlError('conflict', 'its lease has ended')
    }
    expect(await codeFor('{"id":42,"fence":7,"progress":0.4}')).toBe('conflict')
  })

  test.each([
    '', 'x', '{', '[]', 'null', '7', '"x"', '{}', '{"id":42,"fence":7}', '{"id":"42","fence":7,"progress":0.4}', '{"id":42,"progress":0.4}', '{"id":1e99,"fence":7,"progress":0}', '{"id":42,"fence":7,"progress":"0.4"}',
    '{"id":42,"fence":7,"progress":0.4,"result":"x"}', '{"id":42,"fence":7,"state":"done"}', '{"id":42,"fence":7,"__proto__":{}}', '{"id":42,"fence":7,"snooze":false}', '{"id":42,"fence":7,"snooze":"10"}',
    '{"id":42,"fence":7,"result":7}', '{"id":42,"fence":7,"result_base64":"*"}', `${'['.repeat(100_000)}`,
  ])('%j is no message', async line => {
    expect(await codeFor(line)).toBe('bad_input')
    expect(told.said).toEqual([])
    expect(await codeFor('{"id":42,"fence":7,"progress":1}')).toBe('taken')
  })

  test('a line too long is refused and its sender cut off, bytes that are no text are no message', async () => {
    const peer = new Peer()
    const [answer = ''] = await peer.says(`${'x'.repeat(LINE_MAX_BYTES + 1)}`)
    expect(answer).toContain('"bad_input"')
    await waitFor(() => peer.isClosed)
    expect((await new Peer().says(new Uint8Array([0xff, 0xfe, 0, 10])))[0]).toContain('"bad_input"')
    expect(await codeFor('{"id":42,"fence":7,"progress":1}')).toBe('taken')
  })

  test('hears others at once while many are connected and silent', async () => {
    const silent = Array.from({length: 200}, () => new Peer())
    await waitFor(() => silent.filter(({isClosed}) => isClosed).length === 200 - 64)
    for (let i = 0; i < 5; i += 1) expect(await answered()).toBe(OK)
  })

  test('of those that may be connected, the one silent for longest makes room', async () => {
    const full = Array.from({length: 64}, () => new Peer())
    const [first, second] = full
    await waitFor(() => full.every(({socket}) => !socket.connecting))
    // In the middle of a line is not silent.
    await new Promise<void>(resolve => second?.socket.write('{"id":42,', () => resolve()))
    await first?.says('{"id":42,"fence":7,"progress":0.1}\n')
    expect(await answered()).toBe(OK)
    const closed = (): number[] => full.flatMap(({isClosed}, i) => (isClosed ? [i] : []))
    await waitFor(() => closed().length > 0)
    expect(closed()).toEqual([2])
  })

  test('keeps a few connections for each run, those that spoke last', async () => {
    const other = {id: 43, fence: 1}
    await channel.enter(other, new Told())
    const patient = new Peer()
    await patient.says('{"id":43,"fence":1,"progress":0.1}\n')
    const greedy: Peer[] = []
    for (let i = 0; i < 6; i += 1) {
      const peer = new Peer()
      greedy.push(peer)
      expect(await peer.says('{"id":42,"fence":7,"progress":0.5}\n')).toEqual([OK])
    }
    await waitFor(() => greedy.filter(({isClosed}) => isClosed).length === 2)
    expect(greedy.map(({isClosed}) => isClosed)).toEqual([true, true, false, false, false, false])
    expect(await patient.says('{"id":43,"fence":1,"progress":0.2}\n')).toEqual([OK])
  })

  test('leaves a reader who does not read alone, and stays', async () => {
    const deaf = new Peer()
    deaf.socket.pause()
    for (let i = 0; i < 200; i += 1) deaf.socket.write('{"id":42,"fence":7,"progress":1}\n'.repeat(1000))
    expect(await codeFor('{"id":42,"fence":7,"progress":0.5}')).toBe('taken')
    deaf.socket.destroy()
    expect(await codeFor('{"id":42,"fence":7,"progress":0.5}')).toBe('taken')
  })

  test('survives peers that vanish in the middle of a line', async () => {
    for (let i = 0; i < 20; i += 1) {
      const peer = new Peer()
      await new Promise<void>(resolve => peer.socket.write('{"id":42,', () => resolve()))
      peer.socket.resetAndDestroy()
    }
    expect(await codeFor('{"id":42,"fence":7,"progress":0.5}')).toBe('taken')
  })

  test('does not wait for ever', async () => {
    channel.close()
    channel = new Channel(50)
    path = await entered()
    const [silent, slow] = [new Peer(), new Peer()]
    slow.socket.write('{"id":42,"fen')
    await waitFor(() => silent.isClosed && slow.isClosed)
    expect(await codeFor('{"id":42,"fence":7,"progress":0.5}')).toBe('taken')
  })

  test('is there again when its file is gone', async () => {
    rmSync(path)
    path = await entered()
    expect(await codeFor('{"id":42,"fence":7,"progress":0.5}')).toBe('taken')
  })

  test('has a short name where the usual place has a long one', async () => {
    channel.close()
    process.env['XDG_RUNTIME_DIR'] = join(scratchDirectory(), 'x'.repeat(100))
    await Bun.$`mkdir ${process.env['XDG_RUNTIME_DIR']}`
    channel = new Channel()
    path = await entered()
    expect(Buffer.byteLength(path)).toBeLessThan(108)
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
    expect(await codeFor('{"id":42,"fence":7,"progress":0.5}')).toBe('taken')
    channel.close()
    expect(existsSync(dirname(path))).toBe(false)
  })

  test('leaves nothing behind', () => {
    channel.close()
    expect(existsSync(path)).toBe(false)
  })
})

/** The answer, or why there was none. */
async function answered(): Promise<string> {
  const peer = new Peer()
  peer.socket.write('{"id":42,"fence":7,"progress":1}\n')
  await waitFor(() => peer.isClosed || peer.heard !== '')
  return peer.heard.trim()
}
