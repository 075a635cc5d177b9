import type {ReactNode} from 'react'
import {withDatabase} from '../../cli/with-database.ts'
import {useTheme} from '../hooks/use-theme.ts'
import type {Frame} from '../screen.ts'
import type {Overlay} from '../state.ts'
import {typing} from '../typing.ts'
import {wrapped, type Words} from '../words.ts'
import {Dialog} from './dialog.tsx'

interface ConfirmProps {
  readonly overlay: Extract<Overlay, {kind: 'confirm'}>
  readonly frame: Frame
  /** What `--db` said. */
  readonly db: string | null
}

/** The question before an act: what it touches, the same as a command, and how to say yes. */
export function ConfirmDialog({overlay: {act, line}, frame, db}: ConfirmProps): ReactNode {
  const {glyphs} = useTheme()
  const width = Math.min(72, frame.columns - 8)
  const {tier} = act
  const question: Words =
    tier.kind === 'type'
      ? [`Type ${tier.word} to confirm: `, typing(line, width - tier.word.length - 18, glyphs.caret), {text: '   Esc cancel', tone: 'dim'}]
      : [{text: 'y', tone: 'bold'}, ' yes   ', {text: '[no]', tone: 'chosen'}, {text: ' Enter, n, Esc', tone: 'dim'}]
  const facts = act.facts.flatMap(fact => wrapped(fact, width))
  const command = act.cli === null ? [] : ['Same on the command line:', ...wrapped(withDatabase(act.cli, db), width - 2).map((text): Words => ({text: `  ${text}`, tone: 'bold'})), '']
  return <Dialog title={act.title} lines={[...facts, '', ...command, question]} frame={frame} />
}
