import type {TextLine} from './text-line.ts'
import {type Words, wordsWidth} from './words.ts'

/** A line that is being typed, with its caret; of a long one the part around the caret. */
export function typing({text, at}: TextLine, width: number, caret: string): Words {
  const all = [...text]
  // What is further away has no room: a payload may be a megabyte.
  let from = Math.max(0, at - width)
  while (from < at && wordsWidth(all.slice(from, at).join('')) > width - 2) from += 1
  return [all.slice(from, at).join(''), {text: caret, tone: 'title'}, all.slice(at, at + width).join('')]
}
