import {Box} from 'ink'
import type {ReactNode} from 'react'
import type {Concern} from '../attention.ts'
import {wrapped, type Words} from '../words.ts'
import {widthOf} from '../../cli/fit.ts'
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
  /** Lines, a heading among them, and in a short list the command when the cursor is here; 0 draws nothing. */
  readonly height: number
  /** The one under the cursor; −1 where that is elsewhere. */
  readonly cursor: number
}

/** What somebody should look at, each with the whole of its text and of the command that mends it: lines for each. */
export function spreadOut(concerns: readonly Concern[], width: number, db: string | null): readonly (readonly Words[])[] {
  return concerns.map(({text, tone, fix}) => {
    const command = `fix: ${withDatabase(fix, db)}`
    const [first = '', ...rest] = wrapped(text, width - MARGIN)
    const end = rest.length === 0 && widthOf(first) + command.length + MARGIN + 2 <= width
    return [
      [{text: '! ', tone}, first, end ? {text: `  ${command}`, tone: 'dim'} : ''],
      ...rest.map((line): Words => ['  ', line]),
      ...(end ? [] : wrapped(command, width - MARGIN - 2).map((line): Words => ['    ', {text: line, tone: 'dim'}])),
    ]
  })
}

/** As many as have room in a number of lines. */
export function spreadCount(blocks: readonly (readonly Words[])[], lines: number): number {
  const ends = blocks.map((_, at) => blocks.slice(0, at + 1).flat().length)
  return ends.filter(end => end <= lines).length
}

/** Sign of the cursor, and `! `. */
const MARGIN = 3

/** Where there is room: everything with the whole of its command. */
export function SpreadAttention({concerns, width, height, cursor, db}: AttentionProps): ReactNode {
  const {glyphs} = useTheme()
  const blocks = spreadOut(concerns, width, db)
  const count = spreadCount(blocks, height - 1)
  const lines = blocks.slice(0, count).flatMap((block, at) => block.map((words, nth): Words => [at === cursor && nth === 0 ? glyphs.cursor : ' ', words]))
  return (
    <Box flexDirection="column" height={height}>
      <Rule width={width} title={titleOf(count, concerns.length)} />
      {lines.map((words, at) => (
        <Line key={at} words={words} width={width} />
      ))}
    </Box>
  )
}

function titleOf(shown: number, count: number): string {
  return `Attention${count > shown ? ` ${shown} of ${count}` : ''}`
}

/** What somebody should look at, a line each; the whole of the command that mends it below when the cursor is here. */
export function Attention({concerns, width, height, cursor, db}: AttentionProps): ReactNode {
  const {glyphs} = useTheme()
  const isHere = cursor >= 0
  const room = height - (isHere ? 2 : 1)
  if (room < 1) return null
  const first = firstShown(Math.max(0, cursor), room, concerns.length)
  const shown = concerns.slice(first, first + room)
  const fix = concerns[cursor]?.fix ?? ''
  return (
    <Box flexDirection="column" height={height}>
      <Rule width={width} title={titleOf(shown.length, concerns.length)} />
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
