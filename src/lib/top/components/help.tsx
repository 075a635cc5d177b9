import {Box} from 'ink'
import type {ReactNode} from 'react'
import {useTheme} from '../hooks/use-theme.ts'
import {shownKey} from '../key-names.ts'
import {GLOBAL_KEYS} from '../keys.ts'
import type {AnyScreen, Frame, Key} from '../screen.ts'
import type {Glyphs} from '../theme.ts'
import {wrapped, type Words} from '../words.ts'
import {Line} from './line.tsx'

interface HelpProps {
  readonly screen: AnyScreen
  readonly frame: Frame
  readonly offset: number
}

/** Before the sentence about a key. */
const MARGIN = 22

/** Every key of this screen and of all, made from the table of keys, and what the signs mean. */
export function Help({screen, frame, offset}: HelpProps): ReactNode {
  const {glyphs} = useTheme()
  const lines: readonly Words[] = [
    {text: ` On this screen: ${screen.title}`, tone: 'title'},
    ...screen.keys.flatMap(key => keyLines(key, glyphs, frame.columns)),
    '',
    {text: ' Everywhere', tone: 'title'},
    ...GLOBAL_KEYS.flatMap(key => keyLines(key, glyphs, frame.columns)),
    '',
    {text: ' Signs', tone: 'title'},
    ...Object.entries(glyphs.states).map(([state, glyph]): Words => ['   ', glyph, '  ', state]),
    ['   ', glyphs.paused, '  paused queue'],
    '   !  attention',
  ]
  const from = Math.min(offset, Math.max(0, lines.length - frame.rows + 1))
  const shown = lines.slice(from, from + frame.rows - 1)
  const more = from + shown.length < lines.length ? 'arrows: more   ' : ''
  return (
    <Box flexDirection="column">
      {shown.map((words, at) => (
        <Line key={at} words={words} width={frame.columns} />
      ))}
      <Line words={` ${more}Esc: close. Capital letters change things, and only in ADMIN.`} width={frame.columns} tone="dim" />
    </Box>
  )
}

/** As many lines as the sentence takes. */
function keyLines({keys, help, acts}: Key<unknown, unknown>, glyphs: Glyphs, width: number): readonly Words[] {
  const names = keys.map(name => shownKey(name, glyphs)).join(' ')
  const [first = '', ...rest] = wrapped(acts === true ? `${help} (ADMIN)` : help, width - MARGIN)
  return [['   ', {text: names.padEnd(MARGIN - 4), tone: 'bold'}, ' ', first], ...rest.map(line => `${' '.repeat(MARGIN)}${line}`)]
}
