import {parsePath, SETTINGS, type Setting, type SettingName, type Settings} from '../config.ts'
import {parseInteger} from '../units.ts'

// Flags are plain data, so that `produce` can read them without loading oclif (whose import alone
// takes longer than storing a job) and help, manifest and both parsers still have one source.

interface FlagFacts {
  readonly summary: string
  readonly char?: string
  /** The heading in help. */
  readonly helpGroup?: string
  readonly hidden?: boolean
  /** Long names of flags that may not stand beside this one. */
  readonly exclusive?: readonly string[]
  /** Long names of flags that this one needs. */
  readonly dependsOn?: readonly string[]
}

/** A flag without a value: given or not. */
export interface SwitchFlag extends FlagFacts {
  readonly kind: 'switch'
}

/** A flag with a value. */
export interface ValueFlag<Value = unknown> extends FlagFacts {
  readonly kind: 'value'
  /** What the value looks like in help. */
  readonly shape: string
  /** The only values allowed. */
  readonly options?: readonly string[]
  /** Reads the value; throws a `usage` error that does not name the flag. */
  readonly parse: (text: string) => Value
  readonly required?: boolean
}

/** A flag that may be given several times, or once with commas. */
export interface ListFlag<Value = unknown> extends Omit<ValueFlag<Value>, 'kind'> {
  readonly kind: 'list'
  /** False: a comma is part of the value. */
  readonly commas: boolean
}

export type Flag = SwitchFlag | ValueFlag | ListFlag
/** Flags by their long name. */
export type FlagTable = Readonly<Record<string, Flag>>

type FlagValue<F extends Flag> = F extends {readonly kind: 'switch'}
  ? boolean
  : F extends {readonly kind: 'list'; readonly parse: (text: string) => infer Value}
    ? Value[] | undefined
    : F extends {readonly required: true; readonly parse: (text: string) => infer Value}
      ? Value
      : F extends {readonly parse: (text: string) => infer Value}
        ? Value | undefined
        : never

/** What parsing a table gives: a switch is a boolean, a flag that was not given is undefined. */
export type FlagValues<Table extends FlagTable> = {[Name in keyof Table]: FlagValue<Table[Name]>}

/** One positional argument. Only the last may take several. */
export interface Positional<Value = unknown> {
  readonly summary: string
  readonly parse: (text: string) => Value
  readonly required?: boolean
  readonly several?: boolean
}
export type ArgTable = Readonly<Record<string, Positional>>

type ArgValue<A extends Positional> = A extends {readonly several: true; readonly parse: (text: string) => infer Value}
  ? A extends {readonly required: true}
    ? Value[]
    : Value[] | undefined
  : A extends {readonly required: true; readonly parse: (text: string) => infer Value}
    ? Value
    : A extends {readonly parse: (text: string) => infer Value}
      ? Value | undefined
      : never

/** What parsing arguments gives: several are a list; what was not given and need not be is undefined. */
export type ArgValues<Table extends ArgTable> = {[Name in keyof Table]: ArgValue<Table[Name]>}

/** The value as it was written. */
export function asText(text: string): string {
  return text
}

/** The flag of a setting; help and reading come from its declaration. */
export function settingFlag<Name extends SettingName>(
  name: Name,
  facts: Omit<FlagFacts, 'summary'> & {readonly summary?: string} = {},
): ValueFlag<Settings[Name]> {
  const setting: Setting<unknown> = SETTINGS[name]
  return {
    kind: 'value',
    shape: setting.shape,
    ...(setting.options === undefined ? {} : {options: setting.options}),
    parse: SETTINGS[name].parse as (text: string) => Settings[Name],
    ...facts,
    summary: `${facts.summary ?? setting.help} [env: ${setting.env}]`,
  }
}

const GLOBAL = {helpGroup: 'GLOBAL'} as const

/** The flags that every command takes. */
export const GLOBAL_FLAGS = {
  db: settingFlag('db', GLOBAL),
  json: {kind: 'switch', summary: 'same as --output json', exclusive: ['output'], ...GLOBAL},
  output: settingFlag('output', {char: 'o', ...GLOBAL}),
  columns: {kind: 'list', commas: true, shape: 'A,B', parse: asText, summary: 'columns to print, in this order', ...GLOBAL},
  color: settingFlag('color', GLOBAL),
  config: {
    kind: 'value',
    shape: 'FILE',
    parse: parsePath,
    summary: 'read this configuration file and no other [env: QCTL_CONFIG]',
    ...GLOBAL,
  },
  'lock-timeout': settingFlag('lockTimeout', GLOBAL),
  'no-input': {kind: 'switch', summary: 'never ask', ...GLOBAL},
  quiet: {kind: 'switch', char: 'q', summary: 'print nothing to stderr but errors', ...GLOBAL},
  verbose: {kind: 'switch', char: 'v', summary: 'also print the database, and the whole of an error', ...GLOBAL},
  help: {kind: 'switch', char: 'h', summary: 'show this help', ...GLOBAL},
} as const satisfies FlagTable

/** For commands that create a missing database. */
export const CREATE_FLAGS = {
  'no-create': {kind: 'switch', summary: 'fail when the database does not exist'},
} as const satisfies FlagTable

/** For every verb that changes something. */
export const DRY_RUN_FLAGS = {
  'dry-run': {kind: 'switch', char: 'n', summary: 'say what would change, and change nothing'},
} as const satisfies FlagTable

/** For verbs that ask before they change something. */
export const CONFIRM_FLAGS = {
  yes: {kind: 'switch', char: 'y', summary: 'do not ask'},
  confirm: {
    kind: 'value',
    shape: 'N',
    parse: parseCount,
    summary: 'do not ask, and refuse unless exactly N would change; with --dry-run, too',
  },
} as const satisfies FlagTable

/** Reads a number of things, zero or more. */
export function parseCount(text: string): number {
  return parseInteger(text, 0, Number.MAX_SAFE_INTEGER)
}
