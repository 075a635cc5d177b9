/** Which processes are meant by some words. */
import {QctlError} from '../errors.ts'
import {nearest} from '../nearest.ts'
import {fullName, type Supervised} from './client.ts'

/**
 * The processes that words name: `consumer:consumer_00`, `consumer_00`, or a group.
 * @param all that there are
 * @param usual those that are meant by a group, or when there are no words
 * @returns each once
 * @throws QctlError `not_found` for a word that names none
 */
export function chosen(words: readonly string[] | undefined, all: readonly Supervised[], usual: readonly Supervised[]): readonly Supervised[] {
  if (words === undefined) return usual
  for (const word of words) if (!all.some(process => isNamed(process, word) || isIn(process, word))) throw noSuchProcess(word, all)
  const isUsual = new Set(usual.map(fullName))
  return all.filter(process => words.some(word => isNamed(process, word) || (isIn(process, word) && isUsual.has(fullName(process)))))
}

function isNamed(process: Supervised, word: string): boolean {
  return process.name === word || fullName(process) === word
}

function isIn({group}: Supervised, word: string): boolean {
  return group === word || `${group}:*` === word
}

function noSuchProcess(word: string, all: readonly Supervised[]): QctlError {
  const names = [...new Set(all.flatMap(process => [process.name, process.group]))]
  const meant = nearest(word, names)
  return new QctlError('not_found', `supervisord has no process ${JSON.stringify(word)}`, {
    hint: meant === null ? 'qctl supervisor status lists them' : `did you mean "${meant}"?`,
  })
}
