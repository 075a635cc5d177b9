import {Box} from 'ink'
import type {ReactNode} from 'react'
import type {Concern} from '../attention.ts'
import type {Words} from '../words.ts'
import {withDatabase} from '../../cli/with-database.ts'
import {useTheme} from '../hooks/use-theme.ts'
import {Line} from './line.tsx'
import {Rule} from './rule.tsx'
import {firstShown} from './table.tsx'

interface AttentionProps {
  readonly concerns: readonly Concern[]
  readonly width: number
  /** What `--db` said. */
  readonly db: string | null
  /** Lines, a heading among them, and the command when the cursor is here; 0 draws nothing. */
  readonly height: number
  /** The one under the cursor; −1 where that is elsewhere. */
  readonly cursor: number
}

/** What somebody should look at, each with the command that mends it; the whole of that below when the cursor is here. */
export function Attention({concerns, width, height, cursor, db}: AttentionProps): ReactNode {
  const {glyphs} = useTheme()
  const isHere = cursor >= 0
  const room = height - (isHere ? 2 : 1)
  if (room < 1) return null
  const first = firstShown(Math.max(0, cursor), room, concerns.length)
  const shown = concerns.slice(first, first + room)
  const more = concerns.length > shown.length ? ` ${shown.length} of ${concerns.length}` : ''
  const fix = concerns[cursor]?.fix ?? ''
  return (
    <Box flexDirection="column" height={height}>
      <Rule width={width} title={`Attention${more}`} />
      {shown.map((concern, at) => {
        const {id, text, tone} = concern
        const isUnder = first + at === cursor
        const sign: Words = {text: `${isUnder ? glyphs.cursor : ' '}! `, tone}
        return <Line key={id} words={[sign, isUnder ? {text, tone: 'chosen'} : text, isHere ? '' : {text: `  fix: ${withDatabase(concern.fix, db)}`, tone: 'dim'}]} width={width} />
      })}
      {isHere ? <Line words={['   fix: ', {text: withDatabase(fix, db), tone: 'bold'}]} width={width} /> : null}
    </Box>
  )
}
