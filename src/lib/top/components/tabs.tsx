import type {ReactNode} from 'react'
import {TABS} from '../screens/index.ts'
import type {Words} from '../words.ts'
import {Line} from './line.tsx'

/** The numbered screens; the one that is shown stands in brackets. */
export function Tabs({tab, width}: {readonly tab: string; readonly width: number}): ReactNode {
  const isNarrow = width < 72
  const words = TABS.map(({id, digit, title}): Words => {
    const isShown = id === tab
    const name = isNarrow && !isShown ? digit : `${digit} ${title}`
    return isShown ? {text: `[${name}] `, tone: 'title'} : ` ${name}  `
  })
  return <Line words={[' ', ...words]} width={width} />
}
