import type {ReactNode} from 'react'
import {useTheme} from '../hooks/use-theme.ts'
import {wordsWidth} from '../words.ts'
import {Line} from './line.tsx'

/** A line across the screen, with a heading where one is given: `── Queues 1-5 of 5 ────`. */
export function Rule({width, title = ''}: {readonly width: number; readonly title?: string}): ReactNode {
  const {rule} = useTheme().glyphs
  if (title === '') return <Line words={{text: rule.repeat(width), tone: 'dim'}} width={width} />
  const rest = rule.repeat(Math.max(0, width - wordsWidth(title) - 4))
  return <Line words={[{text: rule.repeat(2), tone: 'dim'}, ' ', {text: title, tone: 'title'}, ' ', {text: rest, tone: 'dim'}]} width={width} />
}
