import type {ReactNode} from 'react'
import {counted} from '../../cli/counted.ts'
import {safeText} from '../../safe-text.ts'
import {Line} from '../components/line.tsx'
import {useTheme} from '../hooks/use-theme.ts'
import {meaningOf} from '../job-filter.ts'
import {grouped} from '../shown.ts'
import {fitText, type Words, wordsWidth} from '../words.ts'
import {type JobsFacts, type JobsOwn, matchingOf, questionOf, type Total} from './jobs-own.ts'

interface FilterLineProps {
  readonly own: JobsOwn
  readonly facts: JobsFacts | null
  readonly width: number
}

const HEAD = ' filter: '

/** The filter as it was typed, and how much of what matches is shown. */
export function FilterLine({own, facts, width}: FilterLineProps): ReactNode {
  const {glyphs} = useTheme()
  const right: Words = {text: facts === null ? '' : extent(own, facts), tone: own.whole ? 'warning' : 'dim'}
  const room = Math.max(0, width - wordsWidth(right) - HEAD.length - 2)
  return <Line words={[HEAD, typedWords(own.filter, room, glyphs.cut), ' ', right]} width={width} />
}

/** Exactly as wide as there is room: the end of what was typed gives way to what was counted. */
function typedWords(filter: string, room: number, cut: string): Words {
  if (filter === '') return {text: fitText('none', room), tone: 'dim'}
  const typed = safeText(filter)
  const meaning = meaningOf(filter)
  const explained: Words = [{text: typed, tone: 'bold'}, meaning === '' ? '' : {text: `  (${meaning})`, tone: 'dim'}]
  const spare = room - wordsWidth(explained)
  return spare >= 0 ? [explained, ' '.repeat(spare)] : {text: fitText(typed, room, {cut}), tone: 'bold'}
}

function extent(own: JobsOwn, facts: JobsFacts): string {
  const {found, totals, question} = facts
  if (question !== questionOf(own)) return ''
  const {pages, from, marks, oldestFirst} = own
  if (found.searched !== null) return `searched ${grouped(found.searched)} of ${grouped(totals.all?.count ?? 0)} ...`
  const parts = [marks.size > 0 ? 'held' : '', oldestFirst ? 'oldest first' : '', pages.length > 0 ? `page ${pages.length + 1}` : from === null ? '' : 'standing still, g: go on']
  return [...parts, matchCount(own, facts)].filter(part => part !== '').join(', ')
}

function matchCount(own: JobsOwn, facts: JobsFacts): string {
  const {tab, filter} = own
  const total = facts.totals[tab]
  if (filter === '' && total !== undefined && (total.count > 0 || !total.isMore)) return `${grouped(total.count)}${total.isMore ? '+' : ''} ${tab === 'all' ? 'jobs' : tab}`
  const matching = matchingOf(own, facts)
  const {hasMore} = facts.found
  if (matching === null) return hasMore ? 'more below' : 'no more below'
  return `${matchWords(matching)}${hasMore ? ', more below' : ''}`
}

function matchWords({count, isMore}: Total): string {
  return isMore ? `${grouped(count)}+ jobs match` : `${counted(count, 'job')} match${count === 1 ? 'es' : ''}`
}
