import {expect, test} from 'bun:test'
import {Parser} from '@oclif/core'
import fc from 'fast-check'
import {GLOBAL_FLAGS} from '../../src/lib/cli/flags.ts'
import {oclifArgs, oclifFlags} from '../../src/lib/cli/oclif-flags.ts'
import {parseWithTable} from '../../src/lib/cli/parse-args.ts'
import {PRODUCE_ARGS, PRODUCE_FLAGS} from '../../src/lib/cli/produce-flags.ts'
import {inputOf} from '../../src/lib/cli/produce-input.ts'

const FLAGS = {...PRODUCE_FLAGS, ...GLOBAL_FLAGS}

/** What a command line means to oclif; null when it refuses. */
async function byOclif(argv: readonly string[]): Promise<unknown> {
  try {
    const {flags, args} = await Parser.parse([...argv], {flags: oclifFlags(FLAGS), args: oclifArgs(PRODUCE_ARGS)})
    return {flags, args}
  } catch {
    return null
  }
}

const VALUES = ['a', '', '-', 'x y', '5', '-5', '5s', '10m', '1001', 'now', 'never', 'a,b', '{"a":1}', 'json', 'id', '--', 'ä', '0', '1h30m', '\\', '"q"', "'"]
const names = Object.entries(FLAGS).flatMap(([name, flag]) => [`--${name}`, ...('char' in flag ? [`-${flag.char}`] : [])])

const word = fc.oneof(
  {weight: 3, arbitrary: fc.constantFrom(...VALUES)},
  {weight: 4, arbitrary: fc.constantFrom(...names)},
  {weight: 4, arbitrary: fc.tuple(fc.constantFrom(...names), fc.constantFrom('=', ''), fc.constantFrom(...VALUES)).map((parts) => parts.join(''))},
  {weight: 1, arbitrary: fc.string({maxLength: 5})},
)

test('the short way around oclif reads no command line of produce differently', async () => {
  let compared = 0
  await fc.assert(
    fc.asyncProperty(fc.array(word, {maxLength: 7}), async (argv) => {
      const own = parseWithTable(FLAGS, PRODUCE_ARGS, argv)
      if (own === null) return
      compared += 1
      expect<unknown>(own).toEqual(await byOclif(argv))
    }),
    {numRuns: 5000},
  )
  expect(compared).toBeGreaterThan(500)
})

test('takes what a script would write', () => {
  for (const argv of [['hello'], ['-Q', 'mail', 'a', 'b'], ['--key=k', '--delay', '10m', '--tag', 'a,b', '--json', 'x'], ['--db', '/x/y', '--', '-x'], ['-q', '']]) {
    const parsed = parseWithTable(FLAGS, PRODUCE_ARGS, argv)
    expect(parsed).not.toBeNull()
    if (parsed !== null) expect(inputOf(parsed.flags, parsed.args.payload).kind).toBe('payloads')
  }
})
