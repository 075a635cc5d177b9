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
  const age = seen === null ? 'Nothing was read yet' : `Data below is ${formatDurationShort(Math.max(0, now - seen.at))} old (${clockTime(seen.at)})`
  // The header has its name.
  const what = trouble.message.replace(state.location, 'the file')
  const [first = '', ...rest] = wrapped(`DATABASE NOT REACHABLE: ${what}`, size.columns - 4)
  const second = rest.join(' ')
  const wait = Math.max(0, Math.ceil((trouble.retryAt - now) / 1000))
  return (
    <Box flexDirection="column" height={BANNER_LINES}>
      {[first, second].map((text, at) => (
        <Line key={at} words={` !! ${text}`} width={size.columns} tone="error" />
      ))}
      <Line words={` !! ${age}. Retry ${wait === 0 ? 'now' : `in ${wait}s`}, r: now. Nothing can be changed. qctl doctor helps.`} width={size.columns} tone="error" />
    </Box>
  )
}
