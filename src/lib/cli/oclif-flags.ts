import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import type {Interfaces} from '@oclif/core'
import type {ArgTable, ArgValues, Flag, FlagTable, FlagValues} from './flags.ts'

type OclifFlags<Table extends FlagTable> = Interfaces.FlagInput<FlagValues<Table>>
type OclifArgs<Table extends ArgTable> = Interfaces.ArgInput<ArgValues<Table>>
type OclifChar = Interfaces.AlphabetLowercase

/**
 * Says a flag table in oclif's words.
 *
 * @param table flags by their long name
 * @returns what oclif expects as a command's `flags`; its parser then gives `FlagValues<Table>`
 */
export function oclifFlags<Table extends FlagTable>(table: Table): OclifFlags<Table> {
  const flags = Object.fromEntries(Object.entries(table).map(([name, flag]) => [name, oclifFlag(flag)]))
  // The mapped type follows from the entries above, which `Object.fromEntries` cannot express.
  return flags as unknown as OclifFlags<Table>
}

function oclifFlag(flag: Flag): Interfaces.Flag<unknown> {
  const facts = {
    summary: flag.summary,
    // oclif's alphabet type is only checked against literals.
    ...(flag.char === undefined ? {} : {char: flag.char as OclifChar}),
    ...(flag.helpGroup === undefined ? {} : {helpGroup: flag.helpGroup}),
    ...(flag.hidden === undefined ? {} : {hidden: flag.hidden}),
    ...(flag.exclusive === undefined ? {} : {exclusive: [...flag.exclusive]}),
    ...(flag.dependsOn === undefined ? {} : {dependsOn: [...flag.dependsOn]}),
  }
  if (flag.kind === 'switch') return Flags.boolean({...facts, default: false})
  const value = {
    ...facts,
    helpValue: flag.shape,
    ...(flag.required === true ? {required: true} : {}),
    ...(flag.options === undefined ? {} : {options: [...flag.options]}),
    parse: async (text: string) => flag.parse(text),
  }
  if (flag.kind === 'value') return Flags.custom<unknown>()(value) as Interfaces.Flag<unknown>
  // Greedy lists would swallow the arguments that follow (`--tag a ID`).
  const list = {...value, multiple: true, multipleNonGreedy: true} as const
  const commas = {delimiter: ','} as const
  return Flags.custom<unknown>()(flag.commas ? {...list, ...commas} : list) as Interfaces.Flag<unknown>
}

/**
 * Says an argument table in oclif's words.
 *
 * @param table arguments in order
 * @returns what oclif expects as a command's `args`
 */
export function oclifArgs<Table extends ArgTable>(table: Table): OclifArgs<Table> {
  const args = Object.entries(table).map(([name, {summary, parse, required, several}]) => [
    name,
    Args.custom<unknown>({
      description: summary,
      parse: async (text: string) => parse(text),
      // oclif reads stdin for every argument that is missing; a payload there would be lost.
      ignoreStdin: true,
      required: required === true,
      multiple: several === true,
    })(),
  ])
  return Object.fromEntries(args) as unknown as OclifArgs<Table>
}
