import {describe, expect, test} from 'bun:test'
import fc from 'fast-check'
import {QctlError} from '../../src/lib/errors.ts'
import {readLineJobs} from '../../src/lib/producer/lines.ts'
import {chunks, flattened, text} from './chunks.ts'

async function payloads(source: AsyncIterable<Uint8Array>, maxBytes = 1000): Promise<string[]> {
  return (await flattened(readLineJobs(source, {}, maxBytes))).map(({job}) => text(job.payload))
}

describe('lines', () => {
  test('one job per line, however the stream is cut', async () => {
    expect(await payloads(chunks('a\nb', 'b\n', 'c'))).toEqual(['a', 'bb', 'c'])
    expect(await payloads(chunks('a\n'))).toEqual(['a'])
    expect(await payloads(chunks(''))).toEqual([])
  })

  test('empty lines are no jobs, but count as lines', async () => {
    const jobs = await flattened(readLineJobs(chunks('a\n\n\nb\n'), {}, 10))
    expect(jobs.map(({line, job}) => [line, text(job.payload)])).toEqual([[1, 'a'], [4, 'b']])
  })

  test('keeps carriage returns, NULs and what is no UTF-8', async () => {
    const bytes = new Uint8Array([255, 0, 13, 10, 128])
    const jobs = await flattened(readLineJobs(chunks(bytes), {}, 10))
    expect(jobs.map(({job}) => [...job.payload])).toEqual([[255, 0, 13], [128]])
  })

  test('is the same for every way of cutting', async () => {
    const cut = fc.array(fc.uint8Array({maxLength: 6}).map((bytes) => bytes.map((byte) => (byte < 60 ? 10 : byte))), {maxLength: 8})
    await fc.assert(
      fc.asyncProperty(cut, async (parts) => {
        const whole = Buffer.concat(parts)
        const expected = whole.toString('latin1').split('\n').filter((line) => line !== '')
        const jobs = await flattened(readLineJobs(chunks(...parts), {}, 1000))
        expect(jobs.map(({job}) => Buffer.from(job.payload).toString('latin1'))).toEqual(expected)
      }),
    )
  })

  test('a line above the limit is refused by its number, and nothing is read behind it', async () => {
    let given = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode('ok\n')
      for (;;) {
        given += 1
        yield new Uint8Array(40).fill(65)
      }
    }
    const error = await payloads(endless(), 100).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(QctlError)
    expect(error).toMatchObject({code: 'payload_too_large', message: expect.stringContaining('line 2')})
    expect(given).toBe(3)
  })

  test('a finished line above the limit is refused as well, after the jobs before it were given out', async () => {
    const blocks = readLineJobs(chunks('a\nb\nlonger\n'), {}, 3)
    expect((await blocks.next()).value).toHaveLength(2)
    await expect(blocks.next()).rejects.toMatchObject({code: 'payload_too_large', message: expect.stringContaining('line 3')})
  })

  test('the defaults go to every job', async () => {
    const [first] = await flattened(readLineJobs(chunks('a\n'), {queue: 'mail', tags: ['x'], priority: 3}, 10))
    expect(first?.job).toMatchObject({queue: 'mail', tags: ['x'], priority: 3, file: false, key: null})
  })
})
