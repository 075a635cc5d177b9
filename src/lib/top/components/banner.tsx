import {Box} from 'ink'
import type {ReactNode} from 'react'
import {formatDurationShort} from '../../time.ts'
import {clockTime} from '../shown.ts'
import {BANNER_LINES, shownView, type State} from '../state.ts'
import {wrapped} from '../words.ts'
import {Line} from './line.tsx'

/** Why the database cannot be asked, and how old what is shown is. */
export function Banner({state}: {readonly state: State}): ReactNode {
  const {trouble, now, size} = state
  if (trouble === null) return null
  const {seen} = shownView(state)
  const age = seen === null ? 'Nothing was read yet.' : `Data below is ${formatDurationShort(Math.max(0, now - seen.at))} old (${clockTime(seen.at)}).`
  const wait = Math.max(0, Math.ceil((trouble.retryAt - now) / 1000))
  const width = size.columns - SIGN.length
  // The header has its name.
  const what = wrapped(`DATABASE NOT REACHABLE: ${trouble.message.replaceAll(state.location, 'the file')}`, width)
  const words = [age, `Retry ${wait === 0 ? 'now' : `in ${wait}s`}, r: now.`, 'Nothing can be changed.', 'qctl doctor helps.']
  const lines = what.length === 1 ? [...what, words.slice(0, 2).join(' '), words.slice(2).join(' ')] : [what[0] ?? '', what.slice(1).join(' '), wholeOnes(words, width)]
  return (
    <Box flexDirection="column" height={BANNER_LINES}>
      {lines.map((text, at) => (
        <Line key={at} words={`${SIGN}${text}`} width={size.columns} tone="error" />
      ))}
    </Box>
  )
}

const SIGN = ' !! '

/** As many of the first sentences as have room on a line. */
function wholeOnes(sentences: readonly string[], width: number): string {
  return sentences.reduce((line, sentence) => (line.length + 1 + sentence.length <= width ? `${line} ${sentence}` : line))
}
