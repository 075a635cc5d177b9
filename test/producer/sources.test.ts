import {describe, expect, test} from 'bun:test'
import {chmodSync, mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {argumentBytes} from '../../src/lib/producer/argument-bytes.ts'
import {fileJobs} from '../../src/lib/producer/files.ts'
import {readPayload} from '../../src/lib/producer/stdin-payload.ts'
import {scratchDirectory} from '../support/scratch.ts'
import {chunks, text} from './chunks.ts'

describe('files', () => {
  const directory = scratchDirectory()
  writeFileSync(join(directory, 'a.txt'), 'x')
  mkdirSync(join(directory, 'sub'))

  test('the payload is the absolute path', () => {
    const jobs = fileJobs(['a.txt', join(directory, 'a.txt'), 'sub/../a.txt'], {queue: 'q'}, directory)
    expect(jobs.map(({payload, file, queue}) => [text(payload), file, queue])).toEqual(Array(3).fill([join(directory, 'a.txt'), true, 'q']))
  })

  test('what is missing or no regular file is refused', () => {
    expect(() => fileJobs(['a.txt', 'b.txt'], {}, directory)).toThrow(expect.objectContaining({code: 'not_found', message: expect.stringContaining('b.txt')}))
    expect(() => fileJobs(['sub'], {}, directory)).toThrow(expect.objectContaining({code: 'bad_input'}))
    expect(() => fileJobs(['a.txt/x'], {}, directory)).toThrow(expect.objectContaining({code: 'not_found'}))
  })

  test('a name that is no text keeps its bytes', () => {
    const name = Buffer.from([0x66, 0xff])
    const path = Buffer.concat([Buffer.from(`${directory}/`), name])
    writeFileSync(path, 'x')
    expect(fileJobs([name, path], {}, directory).map(({payload}) => Buffer.from(payload))).toEqual([path, path])
  })

  test('one that may not be looked at', () => {
    const locked = join(scratchDirectory(), 'locked')
    mkdirSync(locked, {mode: 0o700})
    writeFileSync(join(locked, 'x'), 'x')
    asNobody(() => {
      // Of our own directory when we are nobody already, of root's otherwise.
      if (process.getuid?.() !== 0) chmodSync(locked, 0)
      expect(() => fileJobs([join(locked, 'x')], {}, directory)).toThrow(expect.objectContaining({code: 'permission'}))
    })
    chmodSync(locked, 0o700)
  })
})

/** Root may look at everything, so it steps down for a moment. */
function asNobody(action: () => void): void {
  const isRoot = process.getuid?.() === 0
  if (isRoot) process.seteuid?.(65_534)
  try {
    action()
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
}

describe('stdin as one payload', () => {
  test('bytes as they are', async () => {
    expect([...(await readPayload(chunks(new Uint8Array([0, 255]), 'a\n'), 'q', 10))]).toEqual([0, 255, 97, 10])
    expect(await readPayload(chunks(), 'q', 10)).toHaveLength(0)
    expect(await readPayload(chunks('0123456789'), 'q', 10)).toHaveLength(10)
  })

  test('nothing is read behind the limit', async () => {
    let given = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        given += 1
        yield new Uint8Array(10)
      }
    }
    await expect(readPayload(endless(), 'mail', 25)).rejects.toMatchObject({code: 'payload_too_large', message: expect.stringContaining('mail')})
    await Promise.resolve()
    expect(given).toBeLessThanOrEqual(3)
  })
})

describe('arguments that are no text', () => {
  const line = Buffer.from([...'qctl\0produce\0a'].map((letter) => letter.charCodeAt(0)).concat([0xff, 0, 0xfe, 0, 0x61, 0]))

  test('get their bytes back, each its own', () => {
    expect(argumentBytes(['a\ufffd', 'a', '\ufffd'], () => line)).toEqual([new Uint8Array([0x61, 0xff]), 'a', new Uint8Array([0xfe])].map((one) => (typeof one === 'string' ? one : Buffer.from(one))))
  })

  test('a replacement character that was meant stays', () => {
    expect(argumentBytes(['\ufffd'], () => Buffer.from('qctl\0\ufffd\0')).map((one) => Buffer.from(one).toString())).toEqual(['\ufffd'])
  })

  test('nothing is looked up for texts that are whole', () => {
    expect(
      argumentBytes(['a', 'ä'], () => {
        throw new Error('looked')
      }),
    ).toEqual(['a', 'ä'])
  })

  test('without the command line the text is the best there is', () => {
    expect(
      argumentBytes(['\ufffd'], () => {
        throw new Error('no /proc')
      }),
    ).toEqual(['\ufffd'])
  })
})
