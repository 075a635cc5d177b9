import {Text} from 'ink'
import type {ReactNode} from 'react'
import {useTheme} from '../hooks/use-theme.ts'
import type {Tone} from '../theme.ts'
import {cutSpans, joined, spansOf, type Words} from '../words.ts'

interface LineProps {
  readonly words: Words
  readonly width: number
  /** Of the pieces that have none. */
  readonly tone?: Tone
}

/** One line of the screen. All text gets to the terminal through here: made harmless, and cut to the width. */
export function Line({words, width, tone = 'plain'}: LineProps): ReactNode {
  const {glyphs, styleOf} = useTheme()
  const spans = cutSpans(joined(spansOf(words)), width, glyphs.cut)
  return (
    <Text wrap="truncate-end">
      {spans.length === 0 ? ' ' : spans.map((span, at) => (
        <Text key={at} {...styleOf(span.tone ?? tone)}>
          {span.text}
        </Text>
      ))}
    </Text>
  )
}
