import {QctlError} from '../errors.ts'
import type {ArgTable, ArgValues, Flag, FlagTable, FlagValues} from './flags.ts'

/** What a command line says. */
export interface Parsed<Flags extends FlagTable, Args extends ArgTable> {
  readonly flags: FlagValues<Flags>
  readonly args: ArgValues<Args>
}

/**
 * Reads a plain command line without oclif, from the same tables.
 * It may be narrower than oclif but never different: where they could disagree, it declines.
 *
 * @param flags the command's flags and the global ones
 * @param args the command's arguments
 * @param argv what follows the command's name
 * @returns null for anything out of the ordinary (unknown flag, bad value, help): oclif then decides and explains
 */
export function parseWithTable<Flags extends FlagTable, Args extends ArgTable>(
  flags: Flags,
  args: Args,
  argv: readonly string[],
): Parsed<Flags, Args> | null {
  try {
    const given = readTokens(flags, argv)
    if (given === null || !isAllowed(flags, given.values)) return null
    const flagValues = valuesOf(flags, given.values)
    const argValues = positionalsOf(args, given.positionals)
    if (flagValues === null || argValues === null) return null
    return {flags: flagValues as FlagValues<Flags>, args: argValues as ArgValues<Args>}
  } catch (error) {
    if (error instanceof QctlError || (error instanceof Error && 'code' in error)) return null
    throw error
  }
}

interface Given {
  /** Per long name, the values in order; a switch has an empty text per time it was given. */
  readonly values: ReadonlyMap<string, readonly string[]>
  readonly positionals: readonly string[]
}

/** By hand, because importing `parseArgs` of node:util takes 2 ms of a `produce` that lasts 9. */
function readTokens(flags: FlagTable, argv: readonly string[]): Given | null {
  const values = new Map<string, string[]>()
  const positionals: string[] = []
  const rest = [...argv]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') return {values, positionals: [...positionals, ...rest]}
    if (!word.startsWith('-') || word === '-') positionals.push(word)
    else {
      const found = readFlag(flags, word, rest)
      if (found === null) return null
      values.set(found.name, [...(values.get(found.name) ?? []), found.value])
    }
  }
  return {values, positionals}
}

/** One flag; takes its value from `rest` when it stands apart. Null for what is no flag, or could be read in two ways. */
function readFlag(flags: FlagTable, word: string, rest: string[]): {name: string; value: string} | null {
  const [, long, assigned] = /^--([^=]+)(?:=([\s\S]*))?$/.exec(word) ?? []
  const name = long ?? Object.entries(flags).find(([, flag]) => flag.char !== undefined && flag.char === word[1])?.[0]
  if (name === undefined || !Object.hasOwn(flags, name)) return null
  const attached = long === undefined ? word.slice(2) || undefined : assigned
  if (flags[name]?.kind === 'switch') return attached === undefined ? {name, value: ''} : null
  // oclif reads `-Q=mail` as `mail`.
  if (long === undefined && attached?.startsWith('=')) return null
  const value = attached ?? rest.shift()
  // oclif takes a value that looks like a known flag for that flag.
  return value === undefined || /^-\D/.test(value) ? null : {name, value}
}

function isAllowed(flags: FlagTable, given: Given['values']): boolean {
  if (given.has('help')) return false
  return Object.entries(flags).every(([name, flag]) => {
    const times = given.get(name)?.length ?? 0
    if (times === 0) return !('required' in flag && flag.required === true)
    if (times > 1 && flag.kind === 'value') return false
    return !flag.exclusive?.some((other) => given.has(other)) && (flag.dependsOn ?? []).every((other) => given.has(other))
  })
}

function valuesOf(flags: FlagTable, given: Given['values']): Record<string, unknown> | null {
  const values: Record<string, unknown> = {}
  for (const [name, flag] of Object.entries(flags)) {
    const texts = given.get(name)
    if (flag.kind === 'switch') values[name] = texts !== undefined
    else if (texts !== undefined) {
      const parsed = parseTexts(flag, texts)
      if (parsed === null) return null
      values[name] = flag.kind === 'list' ? parsed : parsed[0]
    }
  }
  return values
}

function parseTexts(flag: Exclude<Flag, {kind: 'switch'}>, texts: readonly string[]): unknown[] | null {
  const commas = flag.kind === 'list' && flag.commas
  // oclif trims the parts, and takes off quotes and backslashes.
  if (commas && texts.some((text) => /[\\"'\s]/.test(text))) return null
  const parts = commas ? texts.flatMap((text) => text.split(',')) : texts
  if (parts.some((part) => flag.options !== undefined && !flag.options.includes(part))) return null
  return parts.map((part) => flag.parse(part))
}

function positionalsOf(args: ArgTable, given: readonly string[]): Record<string, unknown> | null {
  const values: Record<string, unknown> = {}
  const rest = [...given]
  for (const [name, arg] of Object.entries(args)) {
    if (arg.required === true && rest.length === 0) return null
    const own = rest.splice(0, arg.several === true ? rest.length : 1)
    if (own.length > 0) values[name] = arg.several === true ? own.map((text) => arg.parse(text)) : arg.parse(own[0] ?? '')
  }
  return rest.length > 0 ? null : values
}
