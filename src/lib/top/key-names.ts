import type {Key as InkKey} from 'ink'
import type {Glyphs} from './theme.ts'

const SPECIAL: readonly (readonly [keyof InkKey, string])[] = [
  ['upArrow', 'up'], ['downArrow', 'down'], ['leftArrow', 'left'], ['rightArrow', 'right'], ['pageUp', 'pageup'], ['pageDown', 'pagedown'],
  ['home', 'home'], ['end', 'end'], ['return', 'enter'], ['escape', 'esc'], ['backspace', 'backspace'], ['delete', 'delete'],
]

/**
 * The names of the keys in one reading of the terminal, which holds several when they were typed fast: `j`, `A`, `space`, `up`, `enter`,
 * `esc`, `tab`, `shift-tab`, `ctrl-f`.
 */
export function keyNames(input: string, key: InkKey): readonly string[] {
  if (key.tab) return [key.shift ? 'shift-tab' : 'tab']
  for (const [flag, name] of SPECIAL) if (key[flag] === true) return [name]
  if (key.ctrl) return input === '' ? [] : [`ctrl-${input}`]
  if (key.meta) return []
  return [...input].flatMap(character => nameOf(character) ?? [])
}

function nameOf(character: string): string | null {
  if (character === ' ') return 'space'
  if (character === '\r' || character === '\n') return 'enter'
  if (character === '\t') return 'tab'
  if (character === '\u007f' || character === '\b') return 'backspace'
  if (character >= '\u0001' && character <= '\u001a') return `ctrl-${String.fromCharCode(character.charCodeAt(0) + 0x60)}`
  return character < ' ' ? null : character
}

/** How a key is written on the screen. */
export function shownKey(name: string, {arrows}: Pick<Glyphs, 'arrows'>): string {
  switch (name) {
    case 'up':
    case 'down':
    case 'left':
    case 'right':
    case 'enter':
      return arrows[name]
    case 'pageup':
      return 'PgUp'
    case 'pagedown':
      return 'PgDn'
    default:
      return /^(ctrl-|shift-|esc|tab|home|end|backspace|delete)/.test(name) ? name.replaceAll(/\b[a-z]/g, letter => letter.toUpperCase()) : name
  }
}
