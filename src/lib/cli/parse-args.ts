import {parseArgs} from 'node:util'
import {QctlError} from '../errors.ts'
import type {ArgTable, ArgValues, Flag, FlagTable, FlagValues} from './flags.ts'

/** What a command line says. */
export interface Parsed<Flags extends FlagTable, Args extends ArgTable> {
  readonly flags: FlagValues<Flags>
  readonly args: ArgValues<Args>
}

type Option = {type: 'boolean' | 'string'; multiple: true; short?: string}

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

function readTokens(flags: FlagTable, argv: readonly string[]): Given | null {
  const options: Record<string, Option> = {}
  for (const [name, flag] of Object.entries(flags)) {
    const short = flag.char === undefined ? {} : {short: flag.char}
    options[name] = {type: flag.kind === 'switch' ? 'boolean' : 'string', multiple: true, ...short}
  }
  const {tokens, positionals} = parseArgs({args: [...argv], options, allowPositionals: true, strict: true, tokens: true})
  const values = new Map<string, string[]>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    // oclif reads `-Q=mail` as `mail`, parseArgs as `=mail`.
    if (!token.rawName.startsWith('--') && token.value?.startsWith('=')) return null
    // oclif takes a value that looks like a known flag for that flag.
    if (token.value !== undefined && /^-\D/.test(token.value)) return null
    const list = values.get(token.name) ?? []
    list.push(token.value ?? '')
    values.set(token.name, list)
  }
  return {values, positionals}
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
