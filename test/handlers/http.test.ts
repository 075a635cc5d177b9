import {describe, expect, test} from 'bun:test'
import {writeFileSync} from 'node:fs'
import {type AddressInfo, createServer, type Server, type Socket} from 'node:net'
import {join} from 'node:path'
import {QctlError} from '../../src/lib/errors.ts'
import {HttpHandler} from '../../src/lib/handlers/http.ts'
import {jobHeaders, readHeaderFile} from '../../src/lib/handlers/http-headers.ts'
import {RESULT_MAX_BYTES, type Lease} from '../../src/lib/job.ts'
import type {RunEnd} from '../../src/lib/outcome.ts'
import {Receiver} from '../support/receiver.ts'
import {scratchDirectory} from '../support/scratch.ts'
import {waitFor} from '../support/wait-for.ts'
import {Controls, leaseOf, textOf} from './support.ts'

async function post(url: string, lease: Lease = leaseOf('x'), controls = new Controls()): Promise<RunEnd> {
  const handler = new HttpHandler({url: new URL(url), allowPrivate: true})
  try {
    return await handler.run(lease, controls.context)
  } finally {
    await handler.close()
  }
}

/** A server that speaks no HTTP but what a test says. */
class Rude implements Disposable {
  readonly #server: Server
  readonly sockets: Socket[] = []

  private constructor(speak: (socket: Socket, requests: number) => void) {
    let requests = 0
    this.#server = createServer(socket => {
      this.sockets.push(socket)
      socket.on('error', () => undefined)
      socket.on('data', () => speak(socket, (requests += 1)))
    })
  }

  static async open(speak: (socket: Socket, requests: number) => void): Promise<Rude> {
    const rude = new Rude(speak)
    await new Promise<void>(resolve => rude.#server.listen(0, 'localhost', resolve))
    return rude
  }

  get url(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}/`
  }

  [Symbol.dispose](): void {
    for (const socket of this.sockets) socket.destroy()
    this.#server.close()
  }
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

describe('a post', () => {
  test('brings the payload byte for byte, and what there is to know', async () => {
    using receiver = await Receiver.open((_, response) => void response.end('made'))
    const payload = new Uint8Array(300_000).map((_, i) => i * 7)
    const end = await post(`${receiver.url}?a=%20b#c`, leaseOf(payload, {key: 'ä k\n', contentType: 'image/png'}), new Controls({deadline: 1_700_000_000_000}))
    expect(end.outcome).toEqual({kind: 'done', result: Buffer.from('made')})
    const [request] = receiver.received
    expect(request).toMatchObject({method: 'POST', url: '/hook?a=%20b'})
    expect(Buffer.compare(request?.body ?? new Uint8Array(), payload)).toBe(0)
    expect(request?.headers).toMatchObject({
      'content-type': 'image/png',
      'content-length': '300000',
      'user-agent': 'qctl',
      'qctl-job-id': '42',
      'qctl-queue': 'mail',
      'qctl-attempt': '2',
      'qctl-max-attempts': '8',
      'qctl-fence': '7',
      'qctl-consumer': 'c1',
      'qctl-key': '%C3%A4%20k%0A',
      'qctl-deadline': '2023-11-14T22:13:20.000Z',
    })
  })

  test('uses a connection again, and another one when that was closed meanwhile', async () => {
    using rude = await Rude.open((socket, requests) => (requests === 2 ? socket.destroy() : socket.write(OK)))
    const handler = new HttpHandler({url: new URL(rude.url), allowPrivate: true})
    const kinds: string[] = []
    for (let i = 0; i < 3; i += 1) kinds.push((await handler.run(leaseOf('x'), new Controls().context)).outcome.kind)
    await handler.close()
    expect(kinds).toEqual(['done', 'done', 'done'])
    expect(rude.sockets.length).toBe(2)
  })

  test('a new connection that is closed without an answer has failed', async () => {
    using rude = await Rude.open(socket => socket.destroy())
    expect((await post(rude.url)).outcome).toMatchObject({kind: 'failed', retryAfterMs: null})
    expect(rude.sockets.length).toBe(1)
  })

  test('what is no HTTP, or breaks off, has failed', async () => {
    for (const words of ['SSH-2.0-x\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n', 'HTTP/1.1 2']) {
      using rude = await Rude.open(socket => socket.end(words))
      expect((await post(rude.url)).outcome).toMatchObject({kind: 'failed', error: expect.stringMatching(/^no answer: /)})
    }
  })

  test('endless headers have failed, an endless body is cut off', async () => {
    using heads = await Rude.open(socket => void socket.write(`HTTP/1.1 200 OK\r\n${`A: ${'y'.repeat(1000)}\r\n`.repeat(1000)}`))
    expect((await post(heads.url)).outcome.kind).toBe('failed')
    let sent = 0
    using endless = await Receiver.open((_, response) => {
      const more = (): void => {
        for (let isRoom = true; isRoom && !response.destroyed; sent += 65_536) isRoom = response.write('y'.repeat(65_536))
      }
      response.on('drain', more)
      more()
    })
    expect((await post(endless.url)).outcome).toEqual({kind: 'done', result: null})
    expect(sent).toBeLessThan(20 * RESULT_MAX_BYTES)
  })

  test('a result has a MiB at most', async () => {
    using receiver = await Receiver.open(({body}, response) => void response.end('y'.repeat(Number(textOf(body)))))
    const full = await post(receiver.url, leaseOf(String(RESULT_MAX_BYTES)))
    expect(full.outcome.kind === 'done' && full.outcome.result?.length).toBe(RESULT_MAX_BYTES)
    expect((await post(receiver.url, leaseOf(String(RESULT_MAX_BYTES + 1)))).outcome).toEqual({kind: 'done', result: null})
  })

  test('nobody there has failed', async () => {
    const receiver = await Receiver.open()
    const {url} = receiver
    receiver[Symbol.dispose]()
    expect((await post(url)).outcome).toMatchObject({kind: 'failed', error: expect.stringContaining('ECONNREFUSED')})
  })

  test('is cut off when the run has to end', async () => {
    const stops = [
      [{cause: 'timeout', limitMs: 1000, graceMs: 5000}, {kind: 'timed_out', error: 'timed out after 1s'}],
      [{cause: 'requested', requested: 'cancel', graceMs: 5000}, {kind: 'cancelled', requested: 'cancel'}],
      [{cause: 'lease_lost', graceMs: 0}, {kind: 'released'}],
      [{cause: 'shutdown', graceMs: 500}, {kind: 'released'}],
    ] as const
    for (const [stop, outcome] of stops) {
      let isClosed = false
      using receiver = await Receiver.open((_, response) => void response.on('close', () => (isClosed = true)))
      const controls = new Controls()
      const running = post(receiver.url, leaseOf('x'), controls)
      await waitFor(() => receiver.received.length === 1)
      controls.stop(stop)
      expect((await running).outcome).toEqual(outcome)
      await waitFor(() => isClosed)
    }
  })

  test('that was to end before it began goes nowhere', async () => {
    using receiver = await Receiver.open()
    const controls = new Controls()
    controls.stop({cause: 'shutdown', graceMs: 0})
    expect((await post(receiver.url, leaseOf('x'), controls)).outcome).toEqual({kind: 'released'})
    expect(receiver.received).toEqual([])
  })
})

describe('headers', () => {
  test('the key for the receiver is the same in each run of a job, and no other job has it', () => {
    const keyOf = (facts: Partial<Lease>, payload = 'x') => jobHeaders({}, leaseOf(payload, facts), new Controls().context)['idempotency-key']
    expect(keyOf({attempt: 3, fence: 9})).toBe(keyOf({attempt: 1, fence: 2}))
    expect(keyOf({})).toMatch(/^qctl-42-[0-9a-f]{24}$/)
    expect(new Set([keyOf({}), keyOf({id: 4}), keyOf({createdAt: 1}), keyOf({queue: 'q'}), keyOf({}, 'y')]).size).toBe(5)
  })

  function read(text: string): unknown {
    const path = join(scratchDirectory(), 'headers')
    writeFileSync(path, text)
    try {
      return readHeaderFile(path)
    } catch (error) {
      return error instanceof QctlError ? [error.code, error.message.replace(path, 'F')] : error
    }
  }

  test('of a file', () => {
    expect(read('# secret\r\nAuthorization:  Bearer a:b  \r\n\nX-Empty:\n')).toEqual({authorization: 'Bearer a:b', 'x-empty': ''})
  })

  test.each(['Authorization', 'a b: c', ': x', 'A: b\u0007', 'A: ä\u0100'])('%j is no header, and is not repeated', line => {
    expect(read(`A: b\n${line}`)).toEqual(['bad_config', 'F, line 2: no header'])
  })

  test.each(['Host', 'content-length', 'Transfer-Encoding', 'Qctl-Fence', 'Idempotency-Key'])('%s belongs to qctl', name => {
    expect(read(`${name}: x`)).toEqual(['bad_config', `F, line 1: ${name} is set by qctl`])
  })

  test('a file that is not there', () => {
    expect(() => readHeaderFile('/nonexistent')).toThrow(expect.objectContaining({code: 'not_found'}))
  })
})

