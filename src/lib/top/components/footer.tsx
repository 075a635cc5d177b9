import type {ReactNode} from 'react'
import {useTheme} from '../hooks/use-theme.ts'
import {shownKey} from '../key-names.ts'
import {footerKeys} from '../keys.ts'
import {momentOf, shownScreen, type State} from '../state.ts'
import {type Words, wordsWidth} from '../words.ts'
import {Line} from './line.tsx'

/** The keys that work here and now, as far as they have room; `?` shows them all. */
export function Footer({state}: {readonly state: State}): ReactNode {
  const {glyphs} = useTheme()
  const width = state.size.columns
  let room = width - 1
  const words: Words[] = []
  for (const {keys, label} of footerKeys(shownScreen(state), momentOf(state))) {
    const word: Words = [{text: shownKey(keys[0] ?? '', glyphs), tone: 'bold'}, ` ${label}  `]
    room -= wordsWidth(word)
    if (room < -2) break
    words.push(word)
  }
  return <Line words={[' ', ...words]} width={width} />
}
