import {readFileSync} from 'node:fs'

const CONTRACT = new URL('../../../src/lib/storage/storage.ts', import.meta.url)

/** Sentences that name a thing and promise nothing: there is nothing to prove. */
const DEFINITIONS = new Set([
  'Facts about the store itself.',
  "What a run's end means for its job.",
  'Made by `decide`, stored by `settle`.',
  'What is kept of a job beside its row.',
  'True when it was sent before and nobody knows whether it was stored then.',
  'A job being processed and who holds it.',
])

/**
 * Every sentence the contract promises, in its order: the bullets under "General" and the comments of every method, type and field.
 * A sentence ends with a full stop before white space.
 */
export function contractSentences(): readonly string[] {
  const source = readFileSync(CONTRACT, 'utf8')
  const comments = [...source.matchAll(/\/\*\*(.*?)\*\//gs)].map(([, text]) => plain(text ?? ''))
  const [head = '', ...members] = comments
  const bullets = head.slice(head.indexOf('General:') + 'General:'.length).split(/(?:^|\s)- /)
  return [...bullets, ...members].flatMap(sentencesOf).filter(sentence => !DEFINITIONS.has(sentence))
}

function plain(comment: string): string {
  return comment
    .split('\n')
    .map(line => line.replace(/^\s*\* ?/, '').trim())
    .join(' ')
    .trim()
}

function sentencesOf(text: string): readonly string[] {
  return text
    .split(/(?<=\.)\s+/)
    .map(sentence => sentence.trim())
    .filter(sentence => sentence !== '')
}
