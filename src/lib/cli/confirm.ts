import {createInterface} from 'node:readline/promises'
import {QctlError} from '../errors.ts'
import {safeText} from '../safe-text.ts'
import {counted, MANY} from './counted.ts'
import {Interrupted} from './failure.ts'
import {stderr} from './papers.ts'

/** What the flags and the terminal say about asking. */
export interface ConfirmOptions {
  /** `--yes`: do not ask. */
  readonly yes: boolean
  /** `--confirm N`: do not ask, but refuse another number. */
  readonly confirm: number | undefined
  /** `--no-input`, or no terminal on stdin or stderr: asking is impossible. */
  readonly canAsk: boolean
  /** Asks one question and gives the answer; a parameter for the tests. */
  readonly ask?: (question: string) => Promise<string>
}

/** What is about to happen. */
export interface Change {
  /** What the verb does, as in "delete 12 jobs". */
  readonly verb: string
  readonly count: number
  /** One of the things: "job". */
  readonly noun: string
}

/**
 * Makes sure that a change is wanted. Returns when it is.
 *
 * @param change what is about to happen
 * @param options the flags, and whether somebody can be asked
 * @throws {QctlError} `confirmation_needed` when nobody can be asked and no flag says yes, `conflict` when
 *   `--confirm` expected another number, `usage` when the answer was no
 */
export async function confirm(change: Change, {yes, confirm: expected, canAsk, ask = askOnTerminal}: ConfirmOptions): Promise<void> {
  const things = counted(change.count, change.noun)
  expectCount(change, expected)
  if (yes || expected !== undefined || change.count === 0) return
  if (!canAsk) {
    throw new QctlError('confirmation_needed', `this would ${change.verb} ${things}`, {
      hint: `say --yes, or --confirm ${change.count}`,
    })
  }
  const sentence = `${change.verb} ${things}?`
  const wanted = change.count > MANY
  const answer = (await ask(wanted ? `${sentence} type the number to go on: ` : `${sentence} [y/N] `)).trim().toLowerCase()
  const agreed = wanted ? answer.replaceAll(/[,_ ]/g, '') === String(change.count) : answer === 'y' || answer === 'yes'
  if (!agreed) throw new QctlError('usage', 'nothing was changed')
}

/**
 * Makes sure that a change is as large as was expected, also one that is only rehearsed.
 *
 * @param expected what `--confirm` said
 * @throws {QctlError} `conflict` when it is not
 */
export function expectCount({verb, count, noun}: Change, expected: number | undefined): void {
  if (expected === undefined || expected === count) return
  throw new QctlError('conflict', `--confirm ${expected} was given, but this would ${verb} ${counted(count, noun)}`)
}

/**
 * Asks on stderr, because stdout is for data. Ctrl-D is a no.
 * @throws Interrupted by Ctrl-C, which is no signal while a line is edited
 */
async function askOnTerminal(question: string): Promise<string> {
  const reader = createInterface({input: process.stdin, output: stderr.stream})
  const closed = new Promise<string>((resolve, reject) => {
    reader.once('SIGINT', () => {
      stderr.write('\n')
      reject(new Interrupted('SIGINT'))
    })
    reader.once('close', () => resolve(''))
  })
  try {
    return await Promise.race([reader.question(safeText(question)), closed])
  } finally {
    reader.close()
  }
}
