import {describe, expect, test} from 'bun:test'
import fc from 'fast-check'
import type {NewJob} from '../../src/lib/job.ts'
import {readNdjsonJobs} from '../../src/lib/producer/ndjson.ts'
import type {JobDefaults} from '../../src/lib/producer/numbered-job.ts'
import {chunks, flattened, text} from './chunks.ts'

async function job(line: string, defaults: JobDefaults = {}): Promise<NewJob> {
  const [first] = await flattened(readNdjsonJobs(chunks(`${line}\n`), defaults, 1000))
  if (first === undefined) throw new Error('no job')
  return first.job
}

/** The complaint about the second of two lines. */
async function complaint(line: string | Uint8Array): Promise<{code: string; message: string}> {
  const source = chunks('{"payload":"good"}\n', line, '\n{"payload":"never"}\n')
  return flattened(readNdjsonJobs(source, {}, 1000)).then(
    () => {
      throw new Error(`accepted: ${String(line)}`)
    },
    (error: unknown) => error as {code: string; message: string},
  )
}

describe('the fields', () => {
  test('all of them', async () => {
    const fields = {
      queue: 'mail', payload: 'x', type: 'text/plain', priority: -5, delay: '10m', max_attempts: 3, timeout: '30s', key: 'k', tags: ['a', 'b'],
      assigned_to: 'bob', assigned_for: '1h',
    }
    expect(await job(JSON.stringify(fields))).toMatchObject({
      queue: 'mail', contentType: 'text/plain', priority: -5, when: {kind: 'after', delayMs: 600_000}, maxAttempts: 3, timeoutMs: 30_000, key: 'k',
      tags: ['a', 'b'], assignedTo: 'bob', assignedForMs: 3_600_000, file: false,
    })
  })

  test('run_at is a time', async () => {
    const {when} = await job('{"payload":"x","run_at":"2030-01-02T03:04:05.678Z"}')
    expect(when).toEqual({kind: 'at', runAt: Date.UTC(2030, 0, 2, 3, 4, 5, 678)})
  })

  test('assigned_for never', async () => {
    expect((await job('{"payload":"x","assigned_to":"bob","assigned_for":"never"}')).assignedForMs).toBeNull()
  })

  test('a file is an absolute path', async () => {
    expect(await job('{"payload":"/tmp/x","file":true}')).toMatchObject({file: true})
    expect((await complaint('{"payload":"x","file":true}')).message).toContain('absolute path')
  })

  test('a string is its bytes, everything else its compact text as JSON', async () => {
    const string = await job('{"payload":"ä\\u0000"}')
    expect([...string.payload]).toEqual([0xc3, 0xa4, 0])
    expect(string.contentType).toBeNull()
    for (const [written, stored] of [['{ "a" : [1, 2.5, null] }', '{"a":[1,2.5,null]}'], ['null', 'null'], ['0', '0'], ['false', 'false'], ['[]', '[]']]) {
      const made = await job(`{"payload": ${written}}`)
      expect([text(made.payload), made.contentType]).toEqual([stored ?? '', 'application/json'])
    }
  })

  test('numbers stay as they were written', async () => {
    const line = '{"key":"k", "payload" : {"id": 12345678901234567890, "x": [1e400, -0.10000000000000000001], "s": " a\\u0041 : 1e5 "}}'
    expect(text((await job(line)).payload)).toBe('{"id":12345678901234567890,"x":[1e400,-0.10000000000000000001],"s":" aA : 1e5 "}')
  })

  test('the text of a value is that of JSON.stringify', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({noUnicodeString: false}), fc.boolean(), async (value, spread) => {
        fc.pre(typeof value !== 'string')
        const line = JSON.stringify({key: 'a "payload": 1', payload: value, tags: ['t']}, null, spread ? 1 : 0).replaceAll('\n', ' ')
        // 1e21 and the like are written as they came.
        expect(JSON.parse(text((await job(line)).payload))).toEqual(JSON.parse(JSON.stringify(value)))
        expect(text((await job(line)).payload)).toBe(JSON.stringify(value))
      }),
    )
  })

  test('base64 is bytes', async () => {
    expect([...(await job('{"payload_base64":"/wAN"}')).payload]).toEqual([255, 0, 13])
    expect((await job('{"payload_base64":""}')).payload).toHaveLength(0)
  })

  test('flags are defaults', async () => {
    const defaults = {queue: 'mail', priority: 1, delayMs: 5000, type: 'text/plain', tags: ['x']}
    expect(await job('{"payload":"x","key":null}', defaults)).toMatchObject({queue: 'mail', priority: 1, contentType: 'text/plain', tags: ['x'], key: null})
    expect(await job('{"payload":"x","queue":"q","tags":[],"run_at":"2030-01-01T00:00:00Z"}', defaults)).toMatchObject({
      queue: 'q', tags: [], when: {kind: 'at'},
    })
  })
})

describe('what is refused, with the number of the line', () => {
  test.each([
    '{oops', '', '[]', '1', 'null', '"x"', '{}', '{"payload":"a","payload_base64":"YQ=="}', '{"payload":"a","bogus":1}', '{"payload":"a","__proto__":1}',
    '{"payload":"a","payloads":1}', '{"payload":"a","priority":"1"}', '{"payload":"a","priority":1.5}', '{"payload":"a","priority":1001}', '{"payload":"a","delay":5}', '{"payload":"a","delay":"5"}',
    '{"payload":"a","delay":"-5s"}', '{"payload":"a","delay":"1s","run_at":"2030-01-01T00:00:00Z"}', '{"payload":"a","run_at":"noonish"}', '{"payload":"a","run_at":17}', '{"payload":"a","queue":""}',
    '{"payload":"a","queue":"a b"}', '{"payload":"a","queue":1}', '{"payload":"a","key":""}', '{"payload":"a","key":"a\\u0000"}', '{"payload":"a","tags":"a"}', '{"payload":"a","tags":[1]}',
    '{"payload":"a","tags":["a b"]}', '{"payload":"a","file":"yes"}', '{"payload":"a","type":"\\n"}', '{"payload":"a","max_attempts":0}', '{"payload":"a","timeout":"0s"}',
    '{"payload":"a","assigned_for":"1h"}', '{"payload":"\\ud800"}', '{"payload_base64":"a"}', '{"payload_base64":"a=b="}', '{"payload_base64":"YQ"}', '{"payload":"a"} x',
    '{"payload":1,"file":true}',
  ].filter((line) => line !== ''))('%s', async (line) => {
    const {code, message} = await complaint(line)
    expect(code).toBe('bad_input')
    expect(message).toStartWith('line 2: ')
    expect(message).not.toContain('\n')
  })

  test('what is not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('{"payload":"'), Buffer.from([0xff]), Buffer.from('"}')])
    expect(await complaint(bytes)).toMatchObject({code: 'bad_input', message: 'line 2: not UTF-8'})
  })

  test('a line that never ends', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield new Uint8Array(65_536).fill(32)
    }
    await expect(flattened(readNdjsonJobs(endless(), {}, 1000))).rejects.toMatchObject({code: 'payload_too_large', message: expect.stringContaining('line 1')})
  })
})

test('lines of blanks are no jobs, but count as lines', async () => {
  const jobs = await flattened(readNdjsonJobs(chunks('{"payload":"a"}\n\n  \r\n{"payload":"b"}\r\n'), {}, 1000))
  expect(jobs.map(({line}) => line)).toEqual([1, 4])
})

test('the jobs before a bad line are given out first', async () => {
  const blocks = readNdjsonJobs(chunks('{"payload":"a"}\n{"payload":"b"}\nbad\n'), {}, 1000)
  expect((await blocks.next()).value).toHaveLength(2)
  await expect(blocks.next()).rejects.toMatchObject({message: 'line 3: not JSON: bad'})
})
