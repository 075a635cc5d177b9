import {afterAll, expect, test} from 'bun:test'
import {mkdtempSync, rmSync} from 'node:fs'
import {createServer, type Socket} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {exchange} from '../../src/lib/cli/exchange.ts'

const directory = mkdtempSync(join(tmpdir(), 'qctl-exchange-'))
afterAll(() => rmSync(directory, {recursive: true}))

const OPTIONS = {patienceMs: 10_000, impatient: () => new Error('too late'), maxBytes: 100}

/** Listens while a line is exchanged. */
async function exchanged(line: string, serve: (socket: Socket) => void, options = {}): Promise<string> {
  const path = join(directory, 'socket')
  const server = createServer(serve)
  await new Promise<void>(resolve => server.listen(path, resolve))
  try {
    return await exchange(path, line, {...OPTIONS, ...options})
  } finally {
    server.close()
  }
}

test('a long line arrives whole, and the answer may come in pieces', async () => {
  const line = 'ü'.repeat(1_000_000)
  const serve = (socket: Socket): void => {
    let heard = ''
    socket.setEncoding('utf8').on('data', text => {
      heard += text
      if (!heard.endsWith('\n')) return
      const answer = Buffer.from(`${heard === `${line}\n`} é\n`)
      socket.write(answer.subarray(0, 6))
      setImmediate(() => socket.write(answer.subarray(6)))
    })
  }
  expect(await exchanged(line, serve)).toBe('true é\n')
})

test('closed without an answer is ECONNRESET, nobody there what the system says', async () => {
  await expect(exchanged('x', socket => void socket.resume().end())).rejects.toMatchObject({code: 'ECONNRESET'})
  await expect(exchange(join(directory, 'none'), 'x', OPTIONS)).rejects.toMatchObject({code: 'ENOENT'})
})

test('an answer that does not end, or does not come', async () => {
  expect(await exchanged('x', socket => void socket.resume().write('y'.repeat(101)))).toHaveLength(101)
  await expect(exchanged('x', socket => void socket.resume(), {patienceMs: 20})).rejects.toThrow('too late')
})
