import type {ReactNode} from 'react'
import type {State} from '../state.ts'
import {grouped} from '../shown.ts'
import {Line} from './line.tsx'
import {Rule} from './rule.tsx'

/** The line above the keys: what was said last, how far something is, or a rule. */
export function NoticeLine({state}: {readonly state: State}): ReactNode {
  const {overlay, notice, size} = state
  if (overlay?.kind === 'busy') {
    const {done, total} = overlay
    const progress = done === 0 ? '' : ` ${grouped(done)}${total === 0 ? '' : ` of ${grouped(total)}`}`
    return <Line words={` ${overlay.what} ...${progress}  Esc stops it`} width={size.columns} tone="warning" />
  }
  if (overlay?.kind === 'prompt' && overlay.wrong !== null) return <Line words={` ${overlay.wrong}`} width={size.columns} tone="error" />
  if (notice !== null) return <Line words={` ${notice.text}`} width={size.columns} tone={notice.tone} />
  return <Rule width={size.columns} />
}
