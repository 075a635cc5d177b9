/** Which processes are meant by some words. */
import {QctlError} from '../errors.ts'
import {nearest} from '../nearest.ts'
import {fullName, type Supervised} from './client.ts'

/**
 * The processes that words name: `consumer:consumer_00`, `consumer_00`, or a group.
 * @returns in supervisord's order, each once
 * @throws QctlError `not_found` for a word that names none
 */
export function chosen(words: readonly string[], all: readonly Supervised[]): readonly Supervised[] {
  for (const word of words) if (!all.some(process => isMeant(process, word))) throw noSuchProcess(word, all)
  return all.filter(process => words.some(word => isMeant(process, word)))
}

function isMeant(process: Supervised, word: string): boolean {
  return [process.name, fullName(process), process.group, `${process.group}:*`].includes(word)
}

function noSuchProcess(word: string, all: readonly Supervised[]): QctlError {
  const names = [...new Set(all.flatMap(process => [process.name, process.group]))]
  const meant = nearest(word, names)
  return new QctlError('not_found', `supervisord has no process ${JSON.stringify(word)}`, {
    hint: meant === null ? 'qctl supervisor status lists them' : `did you mean "${meant}"?`,
  })
}
