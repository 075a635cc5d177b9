import {QctlError} from '../errors.ts'
import {nearest} from '../nearest.ts'
import {GLOBAL_FLAGS, type Flag} from './flags.ts'

/** What other queues call it. Where either of two may be meant: both. */
const SYNONYMS: Readonly<Record<string, string>> = {
  add: 'produce',
  push: 'produce',
  put: 'produce',
  enqueue: 'produce',
  submit: 'produce',
  work: 'consume',
  worker: 'consume',
  retry: 'jobs resubmit',
  requeue: 'jobs resubmit',
  rm: 'jobs delete',
  remove: 'jobs delete',
  kill: 'jobs cancel',
  status: 'queues list" or "qctl stats',
}

/** Which command a command line means, and what is left for it. */
export interface Route {
  readonly id: string
  readonly argv: readonly string[]
}

/** What can be routed to. */
export interface Names {
  /** Ids of commands, `jobs:list`. */
  readonly ids: readonly string[]
}

/**
 * Finds the command that a command line means.
 *
 * @param argv the arguments after `qctl`
 * @param names every command
 * @returns the command; help for `--help`, `-h`, a bare topic or nothing at all
 * @throws {QctlError} `usage` for an unknown command, with the nearest that exists
 */
export function route(argv: readonly string[], {ids}: Names): Route {
  const {words, rest} = splitWords(argv)
  if (words.length === 0 && (rest[0] === '--version' || rest[0] === '-V')) return {id: 'version', argv: rest.slice(1)}
  const id = commandId(words, ids)
  const isTopic = words.length === 1 && ids.some((candidate) => candidate.startsWith(`${words[0]}:`))
  if (id === null) {
    if (words.length === 0 || isTopic) return {id: 'help', argv: words}
    throw unknownCommand(words, ids)
  }
  const used = id.split(':').length
  const own = words[0] === id ? 1 : used
  const left = [...words.slice(own), ...rest]
  return asksForHelp(left) ? {id: 'help', argv: id.split(':')} : {id, argv: left}
}

/** The words at the front; global flags before them are moved behind them. */
function splitWords(argv: readonly string[]): {words: readonly string[]; rest: readonly string[]} {
  const front = leadingFlags(argv)
  const others = argv.slice(front)
  const end = others.findIndex((argument) => argument.startsWith('-'))
  const words = end === -1 ? others : others.slice(0, end)
  const after = end === -1 ? [] : others.slice(end)
  return {words, rest: [...argv.slice(0, front), ...after]}
}

/** How many arguments at the front are global flags and their values: `qctl --db x jobs list`. */
function leadingFlags(argv: readonly string[]): number {
  let at = 0
  for (let argument = argv[at]; argument?.startsWith('-') === true && argument !== '--'; argument = argv[at]) {
    const flag = globalFlag(argument)
    at += flag !== undefined && flag.kind !== 'switch' && isBare(argument) ? 2 : 1
  }
  return Math.min(at, argv.length)
}

function isBare(argument: string): boolean {
  return argument.startsWith('--') ? !argument.includes('=') : argument.length === 2
}

function globalFlag(argument: string): Flag | undefined {
  const flags: Readonly<Record<string, Flag>> = GLOBAL_FLAGS
  if (argument.startsWith('--')) return flags[argument.slice(2).split('=')[0] ?? '']
  return Object.values(flags).find((flag) => flag.char === argument[1])
}

/** The longest run of words that names a command; `jobs:list` is as good as `jobs list`. */
function commandId(words: readonly string[], ids: readonly string[]): string | null {
  for (let count = Math.min(words.length, 3); count > 0; count -= 1) {
    const id = words.slice(0, count).join(':')
    if (ids.includes(id)) return id
  }
  return null
}

function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  const own = end === -1 ? argv : argv.slice(0, end)
  return own.includes('--help') || own.includes('-h')
}

/**
 * Says that words name no command, with the nearest that does.
 *
 * @param words what was typed
 * @param ids every name that would have been right
 */
function unknownCommand(words: readonly string[], ids: readonly string[]): QctlError {
  const [first = '', second] = words.flatMap((word) => word.split(':'))
  const names = ids.map((id) => id.replaceAll(':', ' '))
  const isTopic = names.some((name) => name.startsWith(`${first} `))
  const typed = isTopic && second !== undefined ? `${first} ${second}` : first
  const synonym = synonymOf(first, second, names)
  const meant = synonym ?? nearest(second === undefined ? first : `${first} ${second}`, names) ?? nearest(first, names)
  return new QctlError('usage', `unknown command "${typed}"`, {
    hint: meant === null ? 'qctl help lists the commands' : `did you mean "qctl ${meant}"?`,
  })
}

/** `rm` and `jobs rm` alike; of a topic only a command that it has. */
function synonymOf(first: string, second: string | undefined, names: readonly string[]): string | null {
  if (Object.hasOwn(SYNONYMS, first)) return SYNONYMS[first] ?? null
  const meant = second !== undefined && Object.hasOwn(SYNONYMS, second) ? SYNONYMS[second]?.split(' ').at(-1) : undefined
  return meant !== undefined && names.includes(`${first} ${meant}`) ? `${first} ${meant}` : null
}
