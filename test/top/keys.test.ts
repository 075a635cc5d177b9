import {describe, expect, test} from 'bun:test'
import {SCREEN_NAMES} from '../../src/lib/top/flags.ts'
import {keyNames, shownKey} from '../../src/lib/top/key-names.ts'
import {footerKeys, GLOBAL_KEYS, keysOf} from '../../src/lib/top/keys.ts'
import {SCREENS, TABS} from '../../src/lib/top/screens/index.ts'
import {momentOf, shownScreen, type Start} from '../../src/lib/top/state.ts'
import {themeOf} from '../../src/lib/top/theme.ts'
import {Console, memorySession} from './console.tsx'
import {busyScene} from './scene.ts'

const NAME = /^([!-~]|space|up|down|left|right|enter|esc|tab|shift-tab|pageup|pagedown|home|end|backspace|delete|ctrl-[a-z])$/
/** Capitals that change nothing, because everybody knows them so. */
const HARMLESS = new Set(['A', 'G', 'N'])

/** Every key of every screen. */
const ALL_KEYS = [...GLOBAL_KEYS.map(key => ({where: 'every screen', key})), ...Object.values(SCREENS).flatMap(({title, keys}) => keys.map(key => ({where: title, key})))]

const NO_KEY = {
  upArrow: false, downArrow: false, leftArrow: false, rightArrow: false, pageDown: false, pageUp: false, home: false, end: false, return: false,
  escape: false, ctrl: false, shift: false, tab: false, backspace: false, delete: false, meta: false, super: false, hyper: false, capsLock: false, numLock: false,
}

describe('the table of keys', () => {
  test('has names that a terminal can send, a sentence for each, and a sign for the footer', () => {
    for (const {key} of ALL_KEYS) {
      expect(key.keys.length).toBeGreaterThan(0)
      for (const name of key.keys) {
        expect(name).toMatch(NAME)
        expect(shownKey(name, themeOf({ascii: true, colors: 0}).glyphs)).not.toBe('')
      }
      expect(key.help.length).toBeGreaterThan(4)
    }
  })

  test('has capitals for what changes something, and for nothing else', () => {
    const wrong = ALL_KEYS.flatMap(({where, key}) =>
      key.keys.filter(name => !HARMLESS.has(name) && /^[A-Z]$/.test(name) !== (key.acts === true)).map(name => `${where}: ${name}`),
    )
    expect(wrong).toEqual([])
  })

  test('has each name once on a screen, unless it says when', () => {
    for (const screen of Object.values(SCREENS)) {
      const always = keysOf(screen).filter(({when}) => when === undefined).flatMap(({keys}) => keys)
      const global = new Set(GLOBAL_KEYS.flatMap(({keys}) => keys))
      expect(always.filter((name, at) => always.indexOf(name) !== at)).toEqual([])
      expect(screen.keys.filter(({when, keys}) => when === undefined && keys.some(name => global.has(name)))).toEqual([])
    }
  })

  test('numbers the screens from 1 on, in the order in which --help names them', () => {
    expect(TABS.map(({id}): string => id)).toEqual([...SCREEN_NAMES])
    expect(TABS.map(({digit}) => digit)).toEqual(TABS.map((_, at) => String(at + 1)))
  })
})

describe.each(TABS.map(({id}) => id))('on the screen %s', screen => {
  test('every key does something or says why not, with and without rows, in OPS and in ADMIN', async () => {
    const full = await memorySession()
    await busyScene(full)
    for (const session of [await memorySession(), full]) {
      for (const mode of ['ops', 'admin'] as const) {
        const console = await Console.open({screen, mode}, session)
        for (const name of keysOf(shownScreen(console.state)).flatMap(({keys}) => keys)) {
          await console.press(name)
          expect(console.frame().length).toBeLessThanOrEqual(24)
          await console.press('esc')
        }
      }
    }
  })

  test('no key changes the store in OPS', async () => {
    const session = await memorySession()
    await busyScene(session)
    const console = await Console.open({screen}, session)
    const before = JSON.stringify([await session.inspector.list({limit: 1000}), await session.storage.queues()])
    for (const name of keysOf(shownScreen(console.state)).flatMap(({keys}) => keys)) {
      if (name !== 'A') await console.press(name, 'y', 'enter', 'esc')
    }
    expect(console.effects.filter(kind => kind === 'run' || kind === 'prepare')).toEqual([])
    const now = JSON.stringify([await session.inspector.list({limit: 1000}), await session.storage.queues()])
    const still = (text: string): string => text.replaceAll(/"leaseRemainingMs":-?\d+/g, '')
    expect(still(now)).toBe(still(before))
  })

  test('every key that acts says in OPS how to come to ADMIN', async () => {
    const console = await Console.open({screen})
    for (const key of shownScreen(console.state).keys.filter(({acts, when}) => acts === true && when === undefined)) {
      await console.press(key.keys[0] ?? '')
      expect(console.text()).toContain('press A')
    }
  })

  test('the footer has keys of this moment only, and help has them all', async () => {
    const console = await Console.open({screen})
    const {state} = console
    for (const key of footerKeys(shownScreen(state), momentOf(state), true)) expect(key.acts).not.toBe(true)
    await console.press('?')
    const pages: string[] = []
    for (let at = 0; at < 60; at += 1) {
      pages.push(console.text())
      await console.press('down')
    }
    const said = pages.join('\n').replaceAll(/\s+/g, ' ')
    for (const key of keysOf(shownScreen(state))) expect(said).toContain(key.acts === true ? `${key.help} (ADMIN)` : key.help)
  })

  test('the footer always says how to get help and how to quit, and in OPS how to come to ADMIN, unless there is none', async () => {
    const session = await memorySession()
    await busyScene(session)
    for (const columns of [60, 80]) {
      const footer = async (start: Partial<Start>): Promise<string | undefined> => (await Console.open({screen, size: {columns, rows: 24}, ...start}, session)).frame().at(-1)
      expect(await footer({mode: 'ops'})).toMatch(/ A admin {2}\? help {2}q quit *$/)
      expect(await footer({mode: 'admin'})).toMatch(/ \? help {2}q quit *$/)
      expect(await footer({mayAct: false})).not.toContain('admin')
    }
  })
})

describe('names of keys', () => {
  test('what was typed fast comes as one reading and is several keys', () => {
    expect(keyNames('2jA /x', NO_KEY)).toEqual(['2', 'j', 'A', 'space', '/', 'x'])
    expect(keyNames('ä漢', NO_KEY)).toEqual(['ä', '漢'])
    expect(keyNames('\u00152\r', NO_KEY)).toEqual(['ctrl-u', '2', 'enter'])
  })

  test('others have names', () => {
    expect(keyNames('', {...NO_KEY, upArrow: true})).toEqual(['up'])
    expect(keyNames('', {...NO_KEY, tab: true, shift: true})).toEqual(['shift-tab'])
    expect(keyNames('c', {...NO_KEY, ctrl: true})).toEqual(['ctrl-c'])
    expect(keyNames('\r', NO_KEY)).toEqual(['enter'])
    expect(keyNames('d', {...NO_KEY, meta: true})).toEqual([])
    expect(keyNames('[200', NO_KEY)).toEqual(['[', '2', '0', '0'])
  })
})
