import type {AnyScreen, Key, Moment, Move} from './screen.ts'
import {TABS} from './screens/index.ts'

type AnyKey = Key<unknown, unknown>

const DIGITS: readonly AnyKey[] = TABS.map(({id, digit, title}) => ({
  keys: [digit ?? ''],
  label: '',
  help: `the screen ${title}`,
  press: (): Move => ({kind: 'go', screen: id}),
}))

const ADMIN: AnyKey = {
  keys: ['A'],
  label: 'admin',
  help: 'ADMIN on and off: capitals change things there; ends by itself after 5 minutes without a key',
  press: () => ({kind: 'mode'}),
}

/** Keys that work on every screen, after the screen's own. */
export const GLOBAL_KEYS: readonly AnyKey[] = [
  {keys: ['?'], label: 'help', help: 'all keys and signs', press: () => ({kind: 'help'})},
  ...DIGITS,
  {keys: ['esc'], label: '', help: 'close, clear, go back; never quits', press: () => ({kind: 'back'})},
  {keys: ['p'], label: 'freeze', help: 'freeze what is shown, or go on', press: () => ({kind: 'freeze'})},
  {keys: ['r'], label: '', help: 'ask the database now', press: () => ({kind: 'refresh'})},
  {keys: ['+'], label: '', help: 'refresh less often', press: () => ({kind: 'pace', step: 1})},
  {keys: ['-'], label: '', help: 'refresh more often', press: () => ({kind: 'pace', step: -1})},
  ADMIN,
  {keys: ['U'], label: '', help: 'undo what was done last, where that is possible', acts: true, press: () => ({kind: 'undo'})},
  {keys: ['ctrl-l'], label: '', help: 'draw the screen anew, when something else wrote on it', press: () => ({kind: 'repaint'})},
  {keys: ['ctrl-z'], label: '', help: 'stop and give the terminal back to the shell; fg goes on', press: () => ({kind: 'suspend'})},
  {keys: ['q'], label: 'quit', help: 'back from a detail, quit from a screen', press: () => ({kind: 'quit'})},
  {keys: ['ctrl-c'], label: '', help: 'quit from anywhere', press: () => ({kind: 'leave'})},
]

/** The keys of a screen and those of all. */
export function keysOf(screen: AnyScreen): readonly AnyKey[] {
  return [...screen.keys, ...GLOBAL_KEYS]
}

/** The key of that name that does something here and now. */
export function keyNamed(name: string, screen: AnyScreen, moment: Moment<unknown, unknown>): AnyKey | null {
  return keysOf(screen).find(key => key.keys.includes(name) && isOn(key, moment)) ?? null
}

/**
 * The keys for the footer: those that do something here and now and have a label.
 * @param mayAct false where there is no ADMIN
 */
export function footerKeys(screen: AnyScreen, moment: Moment<unknown, unknown>, mayAct: boolean): readonly AnyKey[] {
  return keysOf(screen).filter(key => key.label !== '' && isOn(key, moment) && (key.acts !== true || moment.mode === 'admin') && (mayAct || key !== ADMIN))
}

function isOn(key: AnyKey, moment: Moment<unknown, unknown>): boolean {
  return key.when?.(moment) ?? true
}
