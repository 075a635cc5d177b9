import {describe, expect, test} from 'bun:test'
import {Parser} from '@oclif/core'
import fc from 'fast-check'
import {asText, GLOBAL_FLAGS, type ArgTable, type FlagTable} from '../../src/lib/cli/flags.ts'
import {oclifArgs, oclifFlags} from '../../src/lib/cli/oclif-flags.ts'
import {parseWithTable} from '../../src/lib/cli/parse-args.ts'
import {parseInteger} from '../../src/lib/units.ts'

const FLAGS = {
  ...GLOBAL_FLAGS,
  queue: {kind: 'value', char: 'Q', shape: 'NAME', summary: 'queue', parse: asText},
  priority: {kind: 'value', shape: 'N', summary: 'priority', parse: (text: string) => parseInteger(text, -1000, 1000)},
  tag: {kind: 'list', commas: true, shape: 'TAG', summary: 'tags', parse: asText},
  raw: {kind: 'list', commas: false, shape: 'TEXT', summary: 'texts', parse: asText},
  delay: {kind: 'value', shape: 'D', summary: 'delay', parse: asText, exclusive: ['at']},
  at: {kind: 'value', shape: 'T', summary: 'time', parse: asText},
  lines: {kind: 'switch', summary: 'lines'},
  batch: {kind: 'value', shape: 'N', summary: 'batch', parse: asText, dependsOn: ['lines']},
} as const satisfies FlagTable
const ARGS = {payload: {summary: 'payloads', parse: asText, several: true}} as const satisfies ArgTable

/** What oclif makes of it; null when it refuses. */
async function byOclif(argv: readonly string[]): Promise<{flags: unknown; args: unknown} | null> {
  try {
    const {flags, args} = await Parser.parse([...argv], {flags: oclifFlags(FLAGS), args: oclifArgs(ARGS)})
    return {flags, args}
  } catch {
    return null
  }
}

const WORDS = [
  'a', '', '-', '--', 'x y', 'a,b', 'a\\,b', '"a"', ' a', '-5', '5', '=', '-Q', '-Qmail', '-Q=mail', '--queue', '--queue=mail', '--queue=', '-qv', '-qQ',
  '--priority', '--priority=5', '--priority=x', '--tag', '--tag=a,b', '--tag=', '--raw=a,b', '--raw', '--delay', '--delay=5s', '--at=now',
  '--lines', '--lines=true', '--no-lines', '--no-input', '--batch=5', '--json', '-o', '-ojson', '--output=id', '-h', '--help', '--unknown', '-x', '--que', '--lock-timeout=5s', '--lock-timeout=5',
  '--queue=--json', '--queue=-q', '--queue=-x', '-Q-q', '-Q-5', '--raw=-v', '--priority=-5', '--raw=-', '--queue=--',
]

describe('parseWithTable', () => {
  test('reads what a script would write', () => {
    const parsed = parseWithTable(FLAGS, ARGS, ['-Q', 'mail', '--priority=5', '--tag', 'a,b', '--tag=c', '--lock-timeout', '5s', '--', '-x', 'y'])
    expect(parsed?.flags).toMatchObject({queue: 'mail', priority: 5, tag: ['a', 'b', 'c'], 'lock-timeout': 5000, json: false})
    expect(parsed?.args.payload).toEqual(['-x', 'y'])
  })

  test('keeps equal arguments in order', () => {
    expect(parseWithTable(FLAGS, ARGS, ['a', 'b', 'a'])?.args.payload).toEqual(['a', 'b', 'a'])
  })

  test('declines what is out of the ordinary', () => {
    for (const argv of [['--unknown'], ['-h'], ['--priority', 'x'], ['--delay=1s', '--at=now'], ['--batch=5'], ['-Q', 'a', '-Q', 'b'], ['--output=tabel']]) {
      expect(parseWithTable(FLAGS, ARGS, argv)).toBeNull()
    }
  })

  test('is never of another opinion than oclif', async () => {
    let compared = 0
    const line = fc.array(fc.oneof(fc.constantFrom(...WORDS), fc.string({maxLength: 4})), {maxLength: 6})
    await fc.assert(
      fc.asyncProperty(line, async (argv) => {
        const own = parseWithTable(FLAGS, ARGS, argv)
        if (own === null) return
        compared += 1
        expect(own).toEqual((await byOclif(argv)) as typeof own)
      }),
      {numRuns: 2000},
    )
    expect(compared).toBeGreaterThan(200)
  })
})

describe('oclifFlags', () => {
  test('keeps equal arguments in order, and takes nothing from stdin', async () => {
    expect((await byOclif(['a', 'b', 'a']))?.args).toEqual({payload: ['a', 'b', 'a']})
    expect((await byOclif([]))?.args).toEqual({})
  })

  test('a list does not swallow what follows', async () => {
    expect(await byOclif(['--tag', 'a', 'b'])).toMatchObject({flags: {tag: ['a']}, args: {payload: ['b']}})
  })
})
