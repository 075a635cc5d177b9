import {Box} from 'ink'
import type {ReactNode} from 'react'
import {useTheme} from '../hooks/use-theme.ts'
import type {Frame} from '../screen.ts'
import {cutSpans, spansOf, type Words, wordsWidth} from '../words.ts'
import {Line} from './line.tsx'

interface DialogProps {
  readonly title: string
  readonly lines: readonly Words[]
  readonly frame: Frame
}

const WIDEST = 76

/** A box in the middle of the screen. What does not fit is left out at the top: the question stands at the end. */
export function Dialog({title, lines, frame}: DialogProps): ReactNode {
  const {glyphs} = useTheme()
  const {corners, rule, cut} = glyphs
  const width = Math.min(WIDEST, frame.columns - 4)
  const inner = width - 4
  const shown = lines.slice(Math.max(0, lines.length - Math.max(1, frame.rows - 2)))
  const left = ' '.repeat(Math.max(0, Math.floor((frame.columns - width) / 2)))
  const above = Math.max(0, Math.floor((frame.rows - shown.length - 2) / 2))
  const name = cutSpans(spansOf({text: title, tone: 'title'}), inner - 4, cut)
  const top: Words = [corners.topLeft, rule, ' ', name, ' ', rule.repeat(Math.max(0, width - wordsWidth(name) - 5)), corners.topRight]
  const row = (words: Words): Words => {
    const spans = cutSpans(spansOf(words), inner, cut)
    return [corners.side, ' ', spans, ' '.repeat(Math.max(0, inner - wordsWidth(spans))), ' ', corners.side]
  }
  const bottom = `${corners.bottomLeft}${rule.repeat(Math.max(0, width - 2))}${corners.bottomRight}`
  return (
    <Box flexDirection="column" marginTop={above}>
      {[top, ...shown.map(row), bottom].map((words, at) => (
        <Line key={at} words={[left, words]} width={frame.columns} />
      ))}
    </Box>
  )
}
