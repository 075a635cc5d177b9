import {describe, expect, test} from 'bun:test'
import stringWidth from 'string-width'
import type {Act} from '../../src/lib/top/acts.ts'
import type {Form, Frame} from '../../src/lib/top/screen.ts'
import {TABS} from '../../src/lib/top/screens/index.ts'
import {textLine} from '../../src/lib/top/text-line.ts'
import type {Overlay, State} from '../../src/lib/top/state.ts'
import {Console, frameOf, memorySession} from './console.tsx'
import {busyScene, HOSTILE} from './scene.ts'

const SIZES: readonly Frame[] = [{columns: 60, rows: 12}, {columns: 80, rows: 24}, {columns: 120, rows: 40}, {columns: 200, rows: 60}]
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]/

const act = (text: string): Act => ({title: `Delete ${text}?`, facts: [text.repeat(9), 'Undo: no.'], cli: `qctl jobs delete ${text}`, tier: {kind: 'type', word: '42'}, run: async () => ({notice: ''})})
const form = (text: string): Form => ({title: text, fields: [{name: 'a', label: 'name', value: text}, {name: 'b', label: 'other', value: '', hint: 'what'}], cli: () => text.repeat(9), submit: () => ({kind: 'quit'})})

/** What is made of the screen itself. */
const OWN: readonly (Overlay | null)[] = [null, {kind: 'help', offset: 0}]

/** What may lie over any screen. */
function overlays(text: string): readonly Overlay[] {
  return [
    {kind: 'confirm', act: act(text), line: textLine(text), openedAt: 0},
    {kind: 'confirm', act: {...act(text), tier: {kind: 'ask'}}, line: textLine(), openedAt: 0},
    {kind: 'form', form: form(text), lines: [textLine(text.repeat(9)), textLine()], field: 0, wrong: [text, null]},
    {kind: 'prompt', prompt: {label: 'filter:', text: '', submit: () => []}, line: textLine(text.repeat(9)), wrong: text},
    {kind: 'busy', what: text, done: 500, total: 12_345},
  ]
}

function expectFits(lines: readonly string[], {columns, rows}: Frame): void {
  const wide = lines.filter(line => stringWidth(line) > columns)
  expect({wide, tooMany: Math.max(0, lines.length - rows), controls: lines.filter(line => CONTROL.test(line))}).toEqual({wide: [], tooMany: 0, controls: []})
}

/** A screen, with another pane, and what Enter opens on it. */
async function statesOf(screen: string, text: string): Promise<readonly State[]> {
  const session = await memorySession()
  await busyScene(session, text)
  const console = await Console.open({screen}, session)
  const first = console.state
  await console.press('tab', 'tab')
  const turned = console.state
  await console.press('shift-tab', 'shift-tab', 'enter')
  return [first, turned, console.state]
}

describe.each(TABS.map(({id}) => id))('the screen %s', screen => {
  test('is never wider nor higher than the terminal, whatever stands in it', async () => {
    for (const state of await statesOf(screen, HOSTILE)) {
      for (const size of SIZES) {
        for (const overlay of OWN) {
          for (const ascii of [false, true]) expectFits(frameOf({...state, overlay}, {size, ascii}), size)
        }
      }
    }
  })

  test('is ASCII where that was asked for', async () => {
    for (const state of await statesOf(screen, 'plain')) {
      for (const overlay of OWN) {
        const text = frameOf({...state, overlay}, {size: {columns: 120, rows: 40}, ascii: true}).join('\n')
        expect([...text].filter(character => character > '~')).toEqual([])
      }
    }
  })

  test('has no colours unless they were asked for, and says the same with them', async () => {
    const [state] = await statesOf(screen, 'plain')
    if (state === undefined) throw new Error('no screen')
    const plain = frameOf(state)
    expect(plain.join('\n')).not.toContain('\u001b')
    for (const colors of [1, 3] as const) {
      const coloured = frameOf(state, {colors}).join('\n')
      expect(coloured).toContain('\u001b[')
      expect(Bun.stripANSI(coloured).replaceAll(/ +$/gm, '')).toBe(plain.join('\n').replaceAll(/ +$/gm, ''))
    }
  })

  test('is drawn while nothing is known yet, and while the database is away', async () => {
    const [state] = await statesOf(screen, HOSTILE)
    if (state === undefined) throw new Error('no screen')
    const bare = {...state, stacks: Object.fromEntries(Object.entries(state.stacks).map(([id, views]) => [id, views.map(view => ({...view, seen: null}))]))}
    for (const size of SIZES) {
      expectFits(frameOf(bare, {size}), size)
      const away = frameOf({...state, trouble: {message: HOSTILE.repeat(9), hint: null, retryAt: state.now + 4000}}, {size})
      expectFits(away, size)
      expect(away.join('\n')).toContain('OFFLINE')
    }
  })
})

describe('what lies over a screen', () => {
  test('is never wider nor higher than the terminal, whatever stands in it', async () => {
    const {state} = await Console.open()
    for (const size of SIZES) {
      for (const overlay of overlays(HOSTILE)) {
        for (const ascii of [false, true]) expectFits(frameOf({...state, overlay}, {size, ascii}), size)
      }
    }
  })

  test('is ASCII where that was asked for', async () => {
    const {state} = await Console.open()
    for (const overlay of overlays('plain')) {
      const text = frameOf({...state, overlay}, {ascii: true}).join('\n')
      expect([...text].filter(character => character > '~')).toEqual([])
    }
  })
})

test('what is said about a filter that is wrong, and any notice, is said to its end', async () => {
  const console = await Console.open({screen: 'jobs'})
  await console.press('/')
  await console.type('colour=blue and some more that nobody knows')
  await console.press('enter')
  const {overlay} = console.state
  const wrong = overlay?.kind === 'prompt' ? overlay.wrong : null
  if (wrong === null) throw new Error('nothing is wrong')
  expect(wrong.length).toBeGreaterThan(80)
  expect(console.text().replaceAll(/\s+/g, ' ')).toContain(wrong)
  const text = 'word '.repeat(30).trim()
  const notice = frameOf({...console.state, overlay: null, notice: {text, tone: 'error', at: 0}})
  expectFits(notice, {columns: 80, rows: 24})
  expect(notice.join('\n').replaceAll(/\s+/g, ' ')).toContain(text)
})

test('a terminal that is too small is told what it needs', async () => {
  const {state} = await Console.open()
  for (const size of [{columns: 59, rows: 24}, {columns: 80, rows: 11}, {columns: 20, rows: 2}]) {
    const lines = frameOf(state, {size})
    expectFits(lines, size)
    expect(lines.join('\n')).toContain('qctl top')
  }
})

test('a terminal that is too small is told what is missing, in as many lines as that takes', async () => {
  const {state} = await Console.open()
  for (const size of [{columns: 40, rows: 12}, {columns: 59, rows: 40}, {columns: 200, rows: 11}, {columns: 12, rows: 9}]) {
    const lines = frameOf(state, {size})
    expectFits(lines, size)
    expect(lines.map(line => line.trim()).join(' ').trim()).toBe(`qctl top needs 60x12, this is ${size.columns}x${size.rows}. Make it larger; q quits.`)
  }
  expectFits(frameOf(state, {size: {columns: 3, rows: 2}}), {columns: 3, rows: 2})
})

describe('a database that is away', () => {
  for (const columns of [60, 80, 120]) {
    for (const message of ['/var/lib/qctl.db was deleted while in use; nothing more is stored in /var/lib/qctl.db', 'it is away']) {
      test(`is told in whole sentences on ${columns} columns: ${message}`, async () => {
        const {state} = await Console.open({size: {columns, rows: 24}})
        const lines = frameOf({...state, trouble: {message, hint: null, retryAt: state.now + 4000}}).filter(line => line.startsWith(' !! '))
        expect(lines.length).toBe(3)
        for (const line of lines) expect(line).toMatch(/ !! .*[^~…]$/)
        expect(lines.join(' ')).toContain('Retry in 4s, r: now.')
        expect(lines.at(-1)).toMatch(/\.$/)
      })
    }
  }
})
