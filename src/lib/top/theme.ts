import type {State} from '../job.ts'

/** What a piece of text says, which decides how it looks. Meaning never rests on this alone: there is always a word or a sign, too. */
export type Tone =
  | State | 'scheduled' | 'retry' | 'plain' | 'dim' | 'bold' | 'title' | 'chosen' | 'paused' | 'good' | 'warning' | 'error' | 'ops' | 'admin'

/** As ink's `Text` takes it. */
export interface TextStyle {
  readonly color?: string
  readonly bold?: boolean
  readonly dimColor?: boolean
  readonly inverse?: boolean
}

/** Signs, one column wide each. */
export interface Glyphs {
  readonly states: Readonly<Record<State | 'scheduled' | 'retry', string>>
  readonly paused: string
  readonly live: string
  readonly offline: string
  readonly frozen: string
  readonly cursor: string
  readonly mark: string
  readonly rule: string
  readonly cut: string
  readonly caret: string
  /** From little to much; the first is nothing. */
  readonly levels: string
  readonly corners: {readonly topLeft: string; readonly topRight: string; readonly bottomLeft: string; readonly bottomRight: string; readonly side: string}
  readonly arrows: {readonly up: string; readonly down: string; readonly left: string; readonly right: string; readonly enter: string}
}

export interface Theme {
  readonly glyphs: Glyphs
  readonly styleOf: (tone: Tone) => TextStyle
}

const UNICODE: Glyphs = {
  states: {pending: '○', scheduled: '◌', processing: '●', retry: '↻', done: '✓', failed: '✗', cancelled: '⊘'},
  paused: '‖', live: '●', offline: '✗', frozen: '‖', cursor: '>', mark: '*', rule: '─', cut: '…', caret: '▏',
  levels: ' ▁▂▃▄▅▆▇█',
  corners: {topLeft: '┌', topRight: '┐', bottomLeft: '└', bottomRight: '┘', side: '│'},
  arrows: {up: '↑', down: '↓', left: '←', right: '→', enter: '↵'},
}

const ASCII: Glyphs = {
  states: {pending: 'o', scheduled: 'z', processing: '>', retry: 'r', done: '.', failed: 'x', cancelled: '-'},
  paused: '=', live: '*', offline: 'x', frozen: '=', cursor: '>', mark: '*', rule: '-', cut: '~', caret: '_',
  levels: ' .:-=+*#%@',
  corners: {topLeft: '+', topRight: '+', bottomLeft: '+', bottomRight: '+', side: '|'},
  arrows: {up: 'Up', down: 'Dn', left: '<-', right: '->', enter: 'Ret'},
}

/** The colours of Okabe and Ito, which every kind of colour blindness tells apart; and what comes near where there are sixteen. */
const RICH: Readonly<Partial<Record<Tone, TextStyle>>> = {
  scheduled: {color: '#CC79A7'}, processing: {color: '#56B4E9'}, retry: {color: '#E69F00'}, done: {color: '#009E73'},
  failed: {color: '#D55E00', bold: true}, paused: {color: '#F0E442'}, warning: {color: '#E69F00', bold: true},
  error: {color: '#D55E00', bold: true}, good: {color: '#56B4E9'}, admin: {color: '#D55E00', bold: true, inverse: true},
}
const SIXTEEN: Readonly<Partial<Record<Tone, TextStyle>>> = {
  scheduled: {color: 'magenta'}, processing: {color: 'cyan'}, retry: {color: 'yellow'}, done: {color: 'blue'},
  failed: {color: 'red', bold: true}, paused: {color: 'yellow'}, warning: {color: 'yellow', bold: true},
  error: {color: 'red', bold: true}, good: {color: 'cyan'}, admin: {color: 'red', bold: true, inverse: true},
}
const ALWAYS: Readonly<Partial<Record<Tone, TextStyle>>> = {
  dim: {dimColor: true}, cancelled: {dimColor: true}, bold: {bold: true}, title: {bold: true}, chosen: {inverse: true}, ops: {bold: true},
}

/**
 * How everything looks.
 * @param options colors: chalk's level, 0 for none
 */
export function themeOf({ascii, colors}: {readonly ascii: boolean; readonly colors: number}): Theme {
  const styles = colors === 0 ? {} : {...(colors === 1 ? SIXTEEN : RICH), ...ALWAYS}
  return {glyphs: ascii ? ASCII : UNICODE, styleOf: tone => styles[tone] ?? {}}
}

/** The same, dim: for what is no longer true. */
export function dimmed({glyphs, styleOf}: Theme): Theme {
  const isPlain = Object.keys(styleOf('failed')).length === 0
  return {glyphs, styleOf: tone => (isPlain ? {} : tone === 'chosen' ? styleOf(tone) : {dimColor: true})}
}

/** Languages in whose fonts signs such as ○ may be two columns wide. */
const WIDE = /^(zh|ja|ko)/i

/** Whether a terminal shows more than ASCII, as far as the environment tells. */
export function isAsciiOnly(env: Readonly<Record<string, string | undefined>>): boolean {
  if (env['QCTL_ASCII'] === '1') return true
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''
  return env['TERM'] === 'linux' || env['TERM'] === 'dumb' || !/utf-?8/i.test(locale) || WIDE.test(locale)
}
