import {describe, expect, test} from 'bun:test'
import {Parser} from '@oclif/core'
import {failureOf, Interrupted, interruptionOf, reportOptions} from '../../src/lib/cli/failure.ts'
import {GLOBAL_FLAGS} from '../../src/lib/cli/flags.ts'
import {oclifArgs, oclifFlags} from '../../src/lib/cli/oclif-flags.ts'
import {ERRORS, QctlError, type ErrorCode} from '../../src/lib/errors.ts'

/** What is reported when oclif refuses a command line. */
async function refused(argv: string[]): Promise<ReturnType<typeof failureOf>> {
  const args = oclifArgs({id: {summary: 'a job', parse: String, required: true}})
  try {
    await Parser.parse(argv, {flags: oclifFlags(GLOBAL_FLAGS), args})
  } catch (error) {
    return failureOf(error)
  }
  throw new Error('oclif refused nothing')
}

describe('failureOf', () => {
  test('says every code as its table does', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const {exit, retryable} = ERRORS[code]
      expect(failureOf(new QctlError(code, 'why'))).toEqual({code, exit, message: 'why', hint: null, retryable})
    }
  })

  test('calls anything else a bug', () => {
    expect(failureOf(new TypeError('x is not a function'))).toMatchObject({code: 'internal', exit: 70, message: 'this is a bug in qctl: TypeError: x is not a function'})
    expect(failureOf('text')).toMatchObject({code: 'internal', exit: 70})
    expect(failureOf(undefined)).toMatchObject({code: 'internal', exit: 70})
  })

  test('says what oclif complains of in one line', async () => {
    expect(await refused(['1', '--jsn'])).toMatchObject({code: 'usage', exit: 2, message: 'unknown flag --jsn', hint: 'did you mean "--json"?'})
    expect(await refused(['1', '--zz', '-x'])).toMatchObject({message: 'unknown flags --zz, -x', hint: 'see --help; put -- before an argument that begins with -'})
    expect(await refused(['1', '2'])).toMatchObject({code: 'usage', message: 'unexpected argument: 2'})
    expect(await refused([])).toMatchObject({code: 'usage', message: 'ID is missing: a job'})
    expect(await refused(['1', '--db'])).toMatchObject({code: 'usage', message: '--db needs a value'})
    expect(await refused(['1', '-o', 'x'])).toMatchObject({message: '--output: "x" is not one of table, wide, json, ndjson, csv, id'})
    expect(await refused(['1', '--json', '-o', 'id'])).toMatchObject({exit: 2, message: '--json and --output do not go together'})
  })

  test('names the flag whose value is bad', async () => {
    const message = '--lock-timeout: 5 what? write 5s, 5m or 5h'
    expect(await refused(['1', '--lock-timeout', '5'])).toEqual({code: 'usage', exit: 2, message, hint: null, retryable: false})
  })
})

describe('an interruption', () => {
  test('exits as a shell would say it', () => {
    expect((['SIGHUP', 'SIGINT', 'SIGTERM'] as const).map((signal) => new Interrupted(signal).exit)).toEqual([129, 130, 143])
  })

  test('is found behind an AbortError', () => {
    const interrupted = new Interrupted('SIGINT')
    expect(interruptionOf(new DOMException('aborted', 'AbortError'))).toBeNull()
    expect(interruptionOf(Object.assign(new Error('aborted', {cause: interrupted}), {name: 'AbortError'}))).toBe(interrupted)
    expect(interruptionOf(interrupted)).toBe(interrupted)
  })
})

describe('reportOptions', () => {
  test('finds out how to report before anything is parsed', () => {
    const form = (line: string, env = {}) => reportOptions(line.split(' '), env).json
    const json = (line: string, env = {}): boolean => form(line, env) !== null
    expect([form('x --json'), form('x -o ndjson'), form('x')]).toEqual(['document', 'line', null])
    expect(['x --json', 'x -o json', 'x -ojson', 'x -o=json', 'x --output json', 'x --output=ndjson'].filter((line) => !json(line))).toEqual([])
    expect(['x', 'x -o table', 'x -- --json'].filter((line) => json(line))).toEqual([])
    expect(json('x', {QCTL_OUTPUT: 'json'})).toBe(true)
    expect(json('x -o table', {QCTL_OUTPUT: 'json'})).toBe(false)
    expect(reportOptions(['-v'], {}).verbose).toBe(true)
    expect(reportOptions(['--', '-v'], {}).verbose).toBe(false)
  })
})
