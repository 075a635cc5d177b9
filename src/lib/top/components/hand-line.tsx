import type {ReactNode} from 'react'
import {Line} from './line.tsx'

/** Reminds of the job in the hand. */
export function HandLine({inHand, width}: {readonly inHand: number | null; readonly width: number}): ReactNode {
  if (inHand === null) return null
  return <Line words={[' ', {text: `job ${inHand} is in your hand`, tone: 'warning'}, ': t shows it. It goes back when you leave the console.']} width={width} />
}
