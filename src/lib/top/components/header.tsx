import {homedir} from 'node:os'
import type {ReactNode} from 'react'
import {useTheme} from '../hooks/use-theme.ts'
import type {State} from '../state.ts'
import {clockTime} from '../shown.ts'
import {formatDuration} from '../../time.ts'
import {type Words, wordsWidth} from '../words.ts'
import {Line} from './line.tsx'

/** What is looked at, in which mode, and how fresh it is. */
export function Header({state}: {readonly state: State}): ReactNode {
  const {glyphs} = useTheme()
  const {columns} = state.size
  const mode: Words = state.mode === 'admin' ? {text: ' ADMIN ', tone: 'admin'} : {text: ' OPS ', tone: 'ops'}
  const right: Words = [freshness(state, glyphs), '  ', clockTime(state.now)]
  const left: Words = [{text: ' qctl top ', tone: 'title'}, mode, ' ']
  const room = columns - wordsWidth(left) - wordsWidth(right) - 2
  const path = shortPath(state.location, Math.max(0, room))
  const gap = ' '.repeat(Math.max(1, room - wordsWidth(path) + 1))
  return <Line words={[left, {text: path, tone: 'dim'}, gap, right]} width={columns} />
}

function freshness({trouble, frozenAt, intervalMs, tookMs}: State, {live, offline, frozen}: {readonly live: string; readonly offline: string; readonly frozen: string}): Words {
  if (trouble !== null) return {text: `${offline} OFFLINE`, tone: 'error'}
  if (frozenAt !== null) return {text: `${frozen} FROZEN ${clockTime(frozenAt)}`, tone: 'warning'}
  const slowMs = tookMs * 4
  if (slowMs > intervalMs) return {text: `${live} live ${formatDuration(Math.round(slowMs / 100) * 100)} (slow)`, tone: 'warning'}
  return [{text: live, tone: 'good'}, ` live ${formatDuration(intervalMs)}`]
}

/** The end of a path says more than its beginning. */
function shortPath(path: string, width: number): string {
  const home = homedir()
  const short = path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path
  return short.length <= width ? short : width < 5 ? '' : `...${short.slice(3 - width)}`
}
