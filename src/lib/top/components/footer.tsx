import type {ReactNode} from 'react'
import {useTheme} from '../hooks/use-theme.ts'
import {shownKey} from '../key-names.ts'
import {footerKeys} from '../keys.ts'
import {momentOf, shownScreen, type State} from '../state.ts'
import type {Glyphs} from '../theme.ts'
import {type Words, wordsWidth} from '../words.ts'
import {Line} from './line.tsx'

/** Before each key. */
const GAP = ' '
/** What everybody has to find; and while looking only, how that ends. */
const ALWAYS = {ops: ['A', '?', 'q'], admin: ['?', 'q']} as const

/** The keys that work here and now, as far as they have room; `?` shows them all. */
export function Footer({state}: {readonly state: State}): ReactNode {
  const {glyphs} = useTheme()
  const width = state.size.columns
  const keys = footerKeys(shownScreen(state), momentOf(state), state.mayAct)
  const last = ALWAYS[state.mode].flatMap(name => keys.find(({keys: [first]}) => first === name) ?? [])
  const end = last.map(key => keyWords(key, glyphs))
  const others = keys.filter(key => !last.includes(key)).map(key => keyWords(key, glyphs))
  return <Line words={[startOf(others, width - wordsWidth(end)), end]} width={width} />
}

function keyWords({keys, label}: {readonly keys: readonly string[]; readonly label: string}, glyphs: Glyphs): Words {
  return [GAP, {text: shownKey(keys[0] ?? '', glyphs), tone: 'bold'}, ` ${label} `]
}

/** As many of the first as there is room for. */
function startOf(words: readonly Words[], width: number): readonly Words[] {
  const ends = words.map((_, at) => wordsWidth(words.slice(0, at + 1)))
  return words.filter((_, at) => (ends[at] ?? 0) <= width)
}
