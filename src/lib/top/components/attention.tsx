import {Box} from 'ink'
import type {ReactNode} from 'react'
import type {Concern} from '../attention.ts'
import type {Words} from '../words.ts'
import {Line} from './line.tsx'
import {Rule} from './rule.tsx'

interface AttentionProps {
  readonly concerns: readonly Concern[]
  readonly width: number
  /** Lines, a heading among them; 0 draws nothing. */
  readonly height: number
}

/** What somebody should look at, each with the command that mends it. */
export function Attention({concerns, width, height}: AttentionProps): ReactNode {
  if (height < 2) return null
  const shown = concerns.slice(0, height - 1)
  const more = concerns.length > shown.length ? ` ${shown.length} of ${concerns.length}` : ''
  return (
    <Box flexDirection="column" height={height}>
      <Rule width={width} title={`Attention${more}`} />
      {shown.map(({text, fix, tone}, at) => (
        <Line key={at} words={[{text: ' ! ', tone}, text, {text: `  fix: ${fix}`, tone: 'dim'}] satisfies Words} width={width} />
      ))}
    </Box>
  )
}
