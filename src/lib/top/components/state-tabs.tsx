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

/** How the tabs can be written, the widest first: all have their numbers, or only the one that is shown. */
const MANNERS = [
  {name: 'title', numbers: 'all', gap: '  '},
  {name: 'short', numbers: 'all', gap: '  '},
  {name: 'short', numbers: 'all', gap: ' '},
  {name: 'short', numbers: 'shown', gap: '  '},
  {name: 'short', numbers: 'shown', gap: ' '},
] as const

/** The lists of jobs by state with how many each has, as far as that is known; the one that is shown stands in brackets. */
export function StateTabs({tab, totals, width}: StateTabsProps): ReactNode {
  const lines = MANNERS.map(({name, numbers, gap}): Words => {
    const texts = STATE_TABS.map(each => `${each[name]}${numbers === 'all' || each.id === tab ? totalText(totals[each.id]) : ''}`)
    const at = STATE_TABS.findIndex(({id}) => id === tab)
    const before = texts.slice(0, at).join(gap)
    return [before === '' ? '' : ` ${before} `, {text: `[${texts[at]}]`, tone: 'title'}, ` ${texts.slice(at + 1).join(gap)}`]
  })
  return <Line words={lines.find(words => wordsWidth(words) <= width) ?? lines.at(-1) ?? ''} width={width} />
}

/** Where none was found and not all was looked at, nobody knows. */
function totalText(total: Counted | undefined): string {
  if (total === undefined) return ''
  const {count, isMore} = total
  return isMore ? (count === 0 ? ' ?' : ` ${short(count)}+`) : ` ${short(count)}`
}
