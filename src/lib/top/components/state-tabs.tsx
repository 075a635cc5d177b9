import type {ReactNode} from 'react'
import type {Counted} from '../../standing.ts'
import {STATE_TABS, type StateTab} from '../job-filter.ts'
import {short} from '../shown.ts'
import {type Words, wordsWidth} from '../words.ts'
import {Line} from './line.tsx'

interface StateTabsProps {
  readonly tab: StateTab
  readonly totals: Readonly<Partial<Record<StateTab, Counted>>>
  readonly width: number
}

/** The lists of jobs by state with how many each has; the one that is shown stands in brackets. */
export function StateTabs({tab, totals, width}: StateTabsProps): ReactNode {
  const line = (name: 'title' | 'short', counts: boolean): Words => STATE_TABS.map((each): Words => {
    const total = totals[each.id]
    const count = !counts || total === undefined || (total.count === 0 && !total.isMore && each.id !== tab) ? '' : ` ${totalText(total)}`
    return each.id === tab ? {text: `[${each[name]}${count}]`, tone: 'title'} : ` ${each[name]}${count} `
  })
  const manners = [line('title', true), line('short', true), line('short', false)] as const
  return <Line words={manners.find(words => wordsWidth(words) <= width) ?? manners[2]} width={width} />
}

/** Where none was found and not all was looked at, nobody knows. */
function totalText({count, isMore}: Counted): string {
  return isMore ? (count === 0 ? '?' : `${short(count)}+`) : short(count)
}
