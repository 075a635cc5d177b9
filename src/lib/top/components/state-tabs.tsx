import type {ReactNode} from 'react'
import {STATE_TABS, type StateTab} from '../job-filter.ts'
import {short} from '../shown.ts'
import {type Words, wordsWidth} from '../words.ts'
import {Line} from './line.tsx'

interface StateTabsProps {
  readonly tab: StateTab
  readonly totals: Readonly<Partial<Record<StateTab, {readonly count: number; readonly isMore: boolean}>>>
  readonly width: number
}

/** The lists of jobs by state with how many each has; the one that is shown stands in brackets. */
export function StateTabs({tab, totals, width}: StateTabsProps): ReactNode {
  const line = (name: 'title' | 'short', counts: boolean): Words => STATE_TABS.map((each): Words => {
    const total = totals[each.id]
    const count = !counts || total === undefined || (total.count === 0 && each.id !== tab) ? '' : ` ${short(total.count)}${total.isMore ? '+' : ''}`
    return each.id === tab ? {text: `[${each[name]}${count}]`, tone: 'title'} : ` ${each[name]}${count} `
  })
  const manners = [line('title', true), line('short', true), line('short', false)] as const
  return <Line words={manners.find(words => wordsWidth(words) <= width) ?? manners[2]} width={width} />
}
