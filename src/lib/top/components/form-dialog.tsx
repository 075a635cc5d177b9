import type {ReactNode} from 'react'
import {withDatabase} from '../../cli/with-database.ts'
import {useTheme} from '../hooks/use-theme.ts'
import {valuesOf} from '../overlay.ts'
import type {Frame} from '../screen.ts'
import type {Overlay} from '../state.ts'
import {typing} from '../typing.ts'
import {wrapped, type Words} from '../words.ts'
import {Dialog} from './dialog.tsx'

interface FormProps {
  readonly overlay: Extract<Overlay, {kind: 'form'}>
  readonly frame: Frame
  /** What `--db` said. */
  readonly db: string | null
}

/** A dialog in which things are filled in. */
export function FormDialog({overlay, frame, db}: FormProps): ReactNode {
  const {glyphs} = useTheme()
  const {form, lines, field, wrong} = overlay
  const width = Math.min(72, frame.columns - 8)
  const labels = Math.max(...form.fields.map(({label}) => label.length))
  const fields = form.fields.map(({label, hint = ''}, at): readonly Words[] => {
    const line = lines[at] ?? {text: '', at: 0}
    const isHere = at === field
    const value: Words = isHere ? typing(line, width - labels - 4, glyphs.caret) : line.text.slice(0, width)
    const name: Words = {text: `${isHere ? glyphs.cursor : ' '} ${label.padEnd(labels)}  `, tone: isHere ? 'bold' : 'dim'}
    const ghost: Words = line.text === '' ? {text: ` ${hint}`, tone: 'dim'} : ''
    const error = wrong[at] ?? null
    return [[name, value, ghost], ...(error === null ? [] : [{text: `${' '.repeat(labels + 4)}${error}`, tone: 'error'} as const])]
  })
  const cli = form.cli?.(valuesOf(overlay)) ?? null
  const command = cli === null ? [] : ['', ...commandLines(withDatabase(cli, db), width, frame)]
  const keys: Words = {text: 'Ctrl-S save  Enter next  Ctrl-U clear  Esc cancel  Tab, arrows: field', tone: 'dim'}
  const room = frame.rows - BORDERS - 1
  const rest = fields.flat().length + command.length < room ? [...command, ''] : []
  return <Dialog title={form.title} lines={[...aroundField(fields, field, room - rest.length), ...rest, keys]} frame={frame} />
}

/** What fills the screen has no room; and a payload may be a megabyte. */
function commandLines(cli: string, width: number, {rows}: Frame): readonly Words[] {
  if (cli.length > width * rows) return [{text: 'The command line that does the same is too long to be shown.', tone: 'dim'}]
  return ['Same on the command line:', ...wrapped(cli, width - 2).map((text): Words => ({text: `  ${text}`, tone: 'bold'}))]
}

const BORDERS = 2

/** As many lines of the fields as have room, those of the one with the caret among them. */
function aroundField(fields: readonly (readonly Words[])[], field: number, room: number): readonly Words[] {
  const end = fields.slice(0, field + 1).flat().length
  const from = Math.max(0, end - Math.max(1, room))
  return fields.flat().slice(from, from + Math.max(1, room))
}
