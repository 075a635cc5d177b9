import {Box} from 'ink'
import type {ReactNode} from 'react'
import {fitText, type Words} from '../words.ts'
import {Line} from './line.tsx'

/** A name and what it is. */
export type Fact = readonly [name: string, value: Words]

interface FactsProps {
  readonly facts: readonly Fact[]
  readonly width: number
  readonly height: number
}

/** Names and values under each other. */
export function FactLines({facts, width, height}: FactsProps): ReactNode {
  const names = Math.max(...facts.map(([name]) => name.length))
  return (
    <Box flexDirection="column">
      {facts.slice(0, Math.max(0, height)).map(([name, value], at) => (
        <Line key={at} words={[' ', {text: fitText(name, names), tone: 'dim'}, '  ', value]} width={width} />
      ))}
    </Box>
  )
}
