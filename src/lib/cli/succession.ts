import {endPredecessors} from '../predecessors.ts'

/** What the process needs that is to be replaced, besides its grace. */
const TIDYING_MS = 15_000

/**
 * Under supervisord: ends what an earlier supervisord that was killed has left at this place, so that two never do the work of one.
 * @param graceMs how long the handlers of the other one may need
 * @param warn told in a sentence
 */
export async function takeOver(graceMs: number, signal: AbortSignal, warn: (sentence: string) => void): Promise<void> {
  const onFound = (pid: number): void => warn(`ending process ${pid}, which an earlier supervisord has left here`)
  await endPredecessors({environment: process.env, patienceMs: graceMs + TIDYING_MS, signal, onFound})
}
