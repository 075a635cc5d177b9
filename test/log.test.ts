import {describe, expect, test} from 'bun:test'
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {closeSync, constants, openSync, readFileSync, readSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:net'
import {join} from 'node:path'
import {Log, loggedText, openLog} from '../src/lib/log.ts'
import type {LogLevel} from '../src/lib/log.ts'
import {openSink} from '../src/lib/log-sink.ts'
import type {LogSink} from '../src/lib/log-sink.ts'
import type {Clock} from '../src/lib/time.ts'
import {scratchDirectory} from './support/scratch.ts'

const CLOCK: Clock = {wallNow: () => Date.UTC(2026, 10, 22, 6, 49, 1, 5), bootNow: () => 0, bootId: 'test', machineId: 'test'}

/** Keeps lines, or refuses them while it is full. */
class KeptLines implements LogSink {
  readonly lines: string[] = []
  full = false

  write(line: string): boolean {
    if (!this.full) this.lines.push(line)
    return !this.full
  }

  async flush(): Promise<void> {}
}

function logTo(sink: LogSink, format: 'text' | 'json', level: LogLevel = 'info'): Log {
  return new Log({format, level, sink, clock: CLOCK})
}

describe('a line', () => {
  test('is one JSON object', () => {
    const sink = new KeptLines()
    logTo(sink, 'json').info('job done', {job: 42, queue: 'mail', retry: false, key: null, queues: ['a', 'b'], left_out: undefined})
    expect(sink.lines).toEqual([
      '{"ts":"2026-11-22T06:49:01.005Z","level":"info","msg":"job done","job":42,"queue":"mail","retry":false,"key":null,"queues":["a","b"]}\n',
    ])
  })

  test('of JSON is read again as the text it would have been; others are none', () => {
    const [json, text] = [new KeptLines(), new KeptLines()]
    for (const [sink, format] of [[json, 'json'], [text, 'text']] as const) {
      logTo(sink, format).warn('job failed', {job: 42, error: 'exit "1"\u001b[31m', none: null, delay_ms: 0, queues: ['a', 'b']})
    }
    expect(`${loggedText(json.lines[0]?.trimEnd() ?? '')}\n`).toBe(text.lines[0] ?? '')
    for (const line of ['', 'hello', '{"ts":', '{"ts":"x","level":"info","msg":"a"}', '{"ts":"2026-11-22T06:49:01Z","level":"loud","msg":"a"}']) expect(loggedText(line)).toBeNull()
  })

  test('or text, with the local time', () => {
    const sink = new KeptLines()
    logTo(sink, 'text').error('job failed', {job: 42, error: 'exit "1"', none: '', key: null, delay_ms: 0, queues: ['a', 'b'], left_out: undefined})
    const [date, time, ...rest] = (sink.lines[0] ?? '').split(' ')
    expect(`${date} ${time}`).toMatch(/^2026-11-2[123] \d\d:49:01$/)
    expect(rest.join(' ')).toBe('error job failed job=42 error="exit \\"1\\"" none="" queues=a,b\n')
  })

  test.each(['text', 'json'] as const)('of %s holds nothing that a terminal acts on, and stays one line', (format) => {
    const sink = new KeptLines()
    const evil = '\x1b]0;x\x07\n\r\t\x7f\x9b31m\u202e\u2028\ud800'
    logTo(sink, format).warn(evil, {error: evil, list: [evil]})
    const line = sink.lines.join('')
    expect(line.slice(0, -1)).toMatch(/^[ -~]*$/)
    expect(line).toEndWith('\n')
    if (format === 'json') expect(JSON.parse(line)).toMatchObject({msg: evil, error: evil, list: [evil]})
  })

  test('is cut when it is too long for one piece', () => {
    const sink = new KeptLines()
    for (const format of ['text', 'json'] as const) logTo(sink, format).info('x'.repeat(1e6), {error: 'y'.repeat(1e6)})
    for (const line of sink.lines) expect(Buffer.byteLength(line)).toBeLessThan(4096)
  })

  test('is written only if it is important enough', () => {
    const sink = new KeptLines()
    for (const level of ['error', 'warn', 'info', 'debug'] as const) {
      const log = logTo(sink, 'json', level)
      log.error(level)
      log.warn(level)
      log.info(level)
      log.debug(level)
    }
    expect(sink.lines.map((line) => JSON.parse(line)).map(({level, msg}) => `${msg}:${level}`)).toEqual([
      'error:error', 'warn:error', 'warn:warn', 'info:error', 'info:warn', 'info:info', 'debug:error', 'debug:warn', 'debug:info', 'debug:debug',
    ])
  })

  test('that is lost is counted, and said once there is room again', () => {
    const sink = new KeptLines()
    const log = logTo(sink, 'json')
    sink.full = true
    for (let line = 0; line < 3; line++) log.info('lost')
    sink.full = false
    log.info('back')
    log.info('again')
    const lines = sink.lines.join('').trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line)).map(({msg, count}) => [msg, count])).toEqual([
      ['log lines dropped', 3],
      ['back', undefined],
      ['again', undefined],
    ])
  })
})

/** A program that logs 5000 lines of 1 KB, and says on stdout that it got through. */
const CHATTERBOX = join(scratchDirectory(), 'chatterbox.ts')
writeFileSync(
  CHATTERBOX,
  `import {openLog} from ${JSON.stringify(join(import.meta.dirname, '../src/lib/log.ts'))}
  const log = openLog('auto', 'info')
  for (let line = 0; line < 5000; line++) {
    log.info('line', {line, filler: 'x'.repeat(990)})
    if (line % 100 === 0) await new Promise(setImmediate)
  }
  await log.flush(Number(process.env.FLUSH_MS ?? 100))
  process.stdout.write('through')
  process.exit(0)`,
)

/** What the program did with this stderr: it must always get through. */
async function chatter(stderr: number | 'ignore', env: Record<string, string> = {}): Promise<{out: string; code: unknown}> {
  const child = spawn(process.execPath, [CHATTERBOX], {stdio: ['ignore', 'pipe', stderr], env: {...process.env, ...env}})
  let out = ''
  child.stdout?.on('data', (bytes: Buffer) => (out += bytes.toString()))
  const [code] = await once(child, 'close')
  return {out, code}
}

/** Both ends of a named pipe, of which nobody reads. */
async function pipe(): Promise<{reader: number; writer: number}> {
  const path = join(scratchDirectory(), 'pipe')
  await Bun.$`mkfifo ${path}`
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  return {reader, writer: openSync(path, constants.O_WRONLY)}
}

function drain(reader: number): string {
  const chunks: Buffer[] = []
  for (;;) {
    const chunk = Buffer.alloc(65_536)
    try {
      const length = readSync(reader, chunk)
      if (length === 0) break
      chunks.push(chunk.subarray(0, length))
    } catch {
      break
    }
  }
  return Buffer.concat(chunks).toString()
}

const THROUGH = {out: 'through', code: 0}

describe('the log never stops its process', () => {
  test('a file gets every line, also while others append to it', async () => {
    const path = join(scratchDirectory(), 'log')
    writeFileSync(path, 'before\n')
    const file = openSync(path, 'a')
    expect(await chatter(file)).toEqual(THROUGH)
    closeSync(file)
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    expect(lines.slice(1).map((line) => JSON.parse(line).line)).toEqual(Array.from({length: 5000}, (_, line) => line))
  })

  test('a full pipe loses whole lines only', async () => {
    const {reader, writer} = await pipe()
    expect(await chatter(writer)).toEqual(THROUGH)
    const text = drain(reader)
    expect(text).toEndWith('\n')
    const records = text.trimEnd().split('\n').map((line) => JSON.parse(line))
    // What was lost is told at the end, if there is room for that.
    const told = records.at(-1).msg === 'log lines dropped' ? records.pop() : null
    expect(records.length).toBeGreaterThan(40)
    expect(records.map(({line}) => line)).toEqual(Array.from({length: records.length}, (_, line) => line))
    expect(records.length + (told?.count ?? 5000 - records.length)).toBe(5000)
    closeSync(reader)
    closeSync(writer)
  })

  test('a pipe whose reader is gone is no matter', async () => {
    const {reader, writer} = await pipe()
    closeSync(reader)
    expect(await chatter(writer)).toEqual(THROUGH)
    closeSync(writer)
  })

  test.each(['/dev/full', '/dev/null'])('%s is no matter', async (path) => {
    const file = openSync(path, 'w')
    expect(await chatter(file)).toEqual(THROUGH)
    closeSync(file)
  })

  test('a closed stderr is no matter', async () => {
    const child = spawn('sh', ['-c', `exec "$0" "$1" 2>&-`, process.execPath, CHATTERBOX], {stdio: ['ignore', 'pipe', 'ignore']})
    let out = ''
    child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()))
    expect((await once(child, 'close'))[0]).toBe(0)
    expect(out).toBe('through')
  })

  test('a terminal that was stopped is no matter', async () => {
    const program = `
import os, pty, subprocess, sys
master, slave = pty.openpty()
child = subprocess.run(sys.argv[1:], stderr=slave, stdout=subprocess.PIPE, timeout=30)
print(child.returncode, child.stdout.decode(), os.read(master, 200).decode())`
    const out = await Bun.$`python3 -c ${program} ${process.execPath} ${CHATTERBOX}`.text()
    expect(out).toStartWith('0 through ')
    expect(out).toMatch(/:\d\d info {2}line filler=x/)
  })

  test('a pipe that may not be opened again, as under supervisord with user=, is written in the background', async () => {
    const {reader, writer} = await pipe()
    const asNobody = `exec setpriv --reuid=65534 --clear-groups "$0" "$1"`
    const allow = `chmod 755 ${join(CHATTERBOX, '..')}`
    await Bun.$`sh -c ${allow}`
    const child = spawn('sh', ['-c', asNobody, process.execPath, CHATTERBOX], {stdio: ['ignore', 'pipe', writer], env: {...process.env, FLUSH_MS: '50'}})
    let out = ''
    child.stdout?.on('data', (bytes: Buffer) => (out += bytes.toString()))
    expect((await once(child, 'close'))[0]).toBe(0)
    expect(out).toBe('through')
    expect(drain(reader)).toStartWith('{"ts":')
    closeSync(reader)
    closeSync(writer)
  })

  test('a socket gets every line when somebody reads, after a flush', async () => {
    const path = join(scratchDirectory(), 'socket')
    let text = ''
    const closed = Promise.withResolvers<void>()
    const server = createServer((socket) => {
      socket.on('data', (bytes) => (text += bytes.toString()))
      socket.on('close', () => closed.resolve())
    }).listen(path)
    await once(server, 'listening')
    const program = `
import socket, subprocess, sys
log = socket.socket(socket.AF_UNIX)
log.connect(sys.argv[1])
sys.exit(subprocess.run(sys.argv[2:], stderr=log).returncode)`
    const run = await Bun.$`python3 -c ${program} ${path} ${process.execPath} ${CHATTERBOX}`.env({...process.env, FLUSH_MS: '20000'}).quiet()
    await closed.promise
    server.close()
    expect(run.stdout.toString()).toBe('through')
    const lines = text.trimEnd().split('\n').map((line) => JSON.parse(line))
    const dropped = lines.reduce((sum, {count}) => sum + (count ?? 0), 0)
    expect(lines.filter(({msg}) => msg === 'line').length + dropped).toBe(5000)
    expect(lines[0]).toMatchObject({msg: 'line', line: 0})
  })
})

test('openSink takes what cannot be written anywhere', async () => {
  const sink = openSink(999)
  expect(sink.write('nowhere\n')).toBe(true)
  await sink.flush(1000)
})

test('openLog chooses JSON where stderr is no terminal', () => {
  expect(() => openLog('auto', 'error').debug('nothing')).not.toThrow()
})
