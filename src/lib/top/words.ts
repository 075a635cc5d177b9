import stringWidth from 'string-width'
import {widthOf} from '../cli/fit.ts'
import {safeText} from '../safe-text.ts'
import type {Tone} from './theme.ts'

/** A piece of a line. */
export interface Span {
  readonly text: string
  readonly tone?: Tone
}

/** A line, or a piece of one. Anything may stand in it: it is made harmless before it is drawn. */
export type Words = string | Span | readonly Words[]

/** The pieces of a line, harmless, none of them empty. */
export function spansOf(words: Words): readonly Span[] {
  if (typeof words === 'string') return words === '' ? [] : [{text: safeText(words)}]
  if ('text' in words) return words.text === '' ? [] : [{...words, text: safeText(words.text)}]
  return words.flatMap(spansOf)
}

/** Neighbours of one tone as one piece: what a line costs to draw grows with its pieces. */
export function joined(spans: readonly Span[]): readonly Span[] {
  const pieces: Span[] = []
  for (const span of spans) {
    const last = pieces.at(-1)
    if (last !== undefined && last.tone === span.tone) pieces[pieces.length - 1] = {...last, text: last.text + span.text}
    else pieces.push(span)
  }
  return pieces
}

/** How many columns a line takes. */
export function wordsWidth(words: Words): number {
  return spansOf(words).reduce((sum, {text}) => sum + widthOf(text), 0)
}

/**
 * Cuts a line to a width.
 * @param cut what stands at the end of one that was cut
 */
export function cutSpans(spans: readonly Span[], width: number, cut: string): readonly Span[] {
  const total = spans.reduce((sum, {text}) => sum + widthOf(text), 0)
  if (total <= width) return spans
  const kept: Span[] = []
  let room = Math.max(0, width - widthOf(cut))
  for (const span of spans) {
    const text = startOf(span.text, room)
    if (text !== '') kept.push({...span, text})
    room -= widthOf(text)
    if (text !== span.text) break
  }
  return width <= 0 ? [] : [...kept, {text: cut, tone: 'dim'}]
}

const GRAPHEMES = new Intl.Segmenter()

/** As much of a text's start as fits; never half a character. */
function startOf(text: string, width: number): string {
  if (/^[ -~]*$/.test(text)) return text.slice(0, width)
  let start = ''
  let room = width
  for (const {segment} of GRAPHEMES.segment(text)) {
    room -= stringWidth(segment)
    if (room < 0) break
    start += segment
  }
  return start
}

/** Cuts or fills a text to exactly a width. */
export function fitText(text: string, width: number, {align = 'left', cut = '~'}: {readonly align?: 'left' | 'right'; readonly cut?: string} = {}): string {
  const fitted = cutSpans([{text}], width, cut).map(span => span.text).join('')
  const blanks = ' '.repeat(Math.max(0, width - widthOf(fitted)))
  return align === 'right' ? blanks + fitted : fitted + blanks
}

/** Breaks a text into lines, between words where it can. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let rest = safeText(text)
  while (widthOf(rest) > width && width > 0) {
    const start = startOf(rest, width)
    const blank = start.lastIndexOf(' ')
    const taken = start === '' ? [...rest][0] ?? '' : rest[start.length] !== ' ' && blank > 0 ? start.slice(0, blank) : start
    lines.push(taken)
    rest = rest.slice(taken.length).trimStart()
  }
  return rest === '' && lines.length > 0 ? lines : [...lines, rest]
}

/** Breaks a text into lines of exactly this width, wherever that is: for what is no prose. As fast for a line of a megabyte. */
export function folded(text: string, width: number): readonly string[] {
  const safe = safeText(text.replaceAll('\t', '    '))
  if (safe.length <= width && widthOf(safe) <= width) return [safe]
  const lines: string[] = []
  let line = ''
  let room = width
  const add = (piece: string, needed: number): void => {
    if (needed > room && line !== '') {
      lines.push(line)
      line = ''
      room = width
    }
    line += piece
    room -= needed
  }
  for (const [run] of safe.matchAll(/[ -~]+|[^ -~]+/g)) {
    if (/^[ -~]/.test(run)) {
      for (let from = 0, to = 0; from < run.length; from = to) {
        to = Math.min(run.length, from + (room > 0 ? room : width))
        add(run.slice(from, to), to - from)
      }
    } else for (const {segment} of GRAPHEMES.segment(run)) add(segment, stringWidth(segment))
  }
  return [...lines, line]
}
