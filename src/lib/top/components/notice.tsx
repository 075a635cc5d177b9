import type {ReactNode} from 'react'
import type {State} from '../state.ts'
import {grouped} from '../shown.ts'
import type {Tone} from '../theme.ts'
import {wrapped} from '../words.ts'
import {Line} from './line.tsx'
import {Rule} from './rule.tsx'

/** So much of the screen at most. */
const MOST_LINES = 3

/** What stands above the keys: what was said last, how far something is; null = nothing. */
export function noticeOf({overlay, notice, size}: Pick<State, 'overlay' | 'notice' | 'size'>): Notice | null {
  const said = saidBy(overlay) ?? notice ?? (overlay?.kind === 'prompt' ? PROMPT_KEYS : null)
  return said === null ? null : {tone: said.tone, lines: wrapped(said.text, size.columns - 1).slice(0, MOST_LINES)}
}

const PROMPT_KEYS = {text: 'Enter: go on   Ctrl-U: clear   Esc: cancel', tone: 'dim'} as const

interface Notice {
  readonly tone: Tone
  readonly lines: readonly string[]
}

function saidBy(overlay: State['overlay']): {readonly text: string; readonly tone: Tone} | null {
  if (overlay?.kind === 'prompt' && overlay.wrong !== null) return {text: overlay.wrong, tone: 'error'}
  if (overlay?.kind !== 'busy') return null
  const {done, total} = overlay
  const progress = done === 0 ? '' : ` ${grouped(done)}${total === 0 ? '' : ` of ${grouped(total)}`}`
  return {text: `${overlay.what} ...${progress}  Esc stops it`, tone: 'warning'}
}

/** It, or a rule. Of a text that is too long for a line all of it, over the foot of the screen. */
export function NoticeLines({state}: {readonly state: State}): ReactNode {
  const notice = noticeOf(state)
  const {columns} = state.size
  if (notice === null) return <Rule width={columns} />
  return notice.lines.map((text, at) => <Line key={at} words={` ${text}`} width={columns} tone={notice.tone} />)
}
