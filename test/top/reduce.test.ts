import {describe, expect, test} from 'bun:test'
import type {Act} from '../../src/lib/top/acts.ts'
import {inTurn, moved} from '../../src/lib/top/moves.ts'
import {Program} from '../../src/lib/top/program.ts'
import {reduce} from '../../src/lib/top/reduce.ts'
import {type Event, initialState, type Start, type State, type Step} from '../../src/lib/top/state.ts'

const NOW = 1_800_000_000_000
const START: Start = {
  size: {columns: 80, rows: 24}, mode: 'ops', mayAct: true, intervalMs: 1000, screen: 'overview', location: '/q.db', now: NOW,
}

function began(start: Partial<Start> = {}): State {
  return initialState({...START, ...start})
}

function act(facts: Partial<Act> = {}): Act {
  return {title: 'Delete it?', facts: [], cli: 'qctl jobs delete 1', tier: {kind: 'ask'}, run: async () => ({notice: 'deleted'}), ...facts}
}

/** Presses keys a second apart. */
function pressed(state: State, ...names: readonly string[]): Step {
  return names.reduce<Step>((step, name) => reduce(step.state, {kind: 'key', name, at: step.state.now + 1000}), {state, effects: []})
}

function after(state: State, ...events: readonly Event[]): State {
  return events.reduce((now, event) => reduce(now, event).state, state)
}

/** The question of an act, in ADMIN. */
function asked(facts: Partial<Act> = {}): State {
  return moved(began({mode: 'admin'}), {kind: 'act', act: act(facts)}).state
}

describe('OPS and ADMIN', () => {
  test('A switches to ADMIN and back', () => {
    const admin = pressed(began(), 'A').state
    expect(admin.mode).toBe('admin')
    expect(pressed(admin, 'A').state.mode).toBe('ops')
  })

  test('--read-only has no ADMIN', () => {
    const {state} = pressed(began({mayAct: false}), 'A')
    expect(state.mode).toBe('ops')
    expect(state.notice?.text).toContain('--read-only')
  })

  test('ADMIN ends after five minutes without a key, and a question with it', () => {
    const admin = asked()
    expect(after(admin, {kind: 'clock', at: NOW + 299_000})).toMatchObject({mode: 'admin', overlay: {kind: 'confirm'}})
    expect(after(admin, {kind: 'clock', at: NOW + 301_000})).toMatchObject({mode: 'ops', overlay: null})
  })

  test('a key begins the five minutes anew', () => {
    const admin = pressed({...began({mode: 'admin'}), now: NOW + 200_000}, 'j').state
    expect(after(admin, {kind: 'clock', at: NOW + 400_000}).mode).toBe('admin')
  })

  for (const move of [{kind: 'act', act: act({tier: {kind: 'at_once'}})}, {kind: 'prepare', what: 'counting', prepare: async () => act()}] as const) {
    test(`in OPS nothing comes of ${move.kind}`, () => {
      const {state, effects} = moved(began(), move)
      expect(effects).toEqual([])
      expect(state.overlay).toBeNull()
      expect(state.notice?.text).toContain('press A')
    })

    test(`nor while the database is away`, () => {
      const trouble = {message: 'gone', hint: null, retryAt: NOW + 1000}
      expect(moved({...began({mode: 'admin'}), trouble}, move).effects).toEqual([])
    })
  }

  test('it is stopped with Ctrl-Z from anywhere, but not while it has something to keep or to finish', () => {
    expect(pressed(began(), 'ctrl-z', '?', 'ctrl-z').state.suspensions).toBe(2)
    const held = pressed({...began(), inHand: 7}, 'ctrl-z').state
    expect({count: held.suspensions, said: held.notice?.text}).toEqual({count: 0, said: 'not while job 7 is in your hand: its lease would run out'})
    expect(pressed({...began(), overlay: {kind: 'busy', what: 'Delete', done: 0, total: 0}}, 'ctrl-z').state.suspensions).toBe(0)
  })

  test('nothing is undone in OPS', () => {
    const {state, effects} = pressed({...began(), undo: act()}, 'U')
    expect(effects).toEqual([])
    expect(state.undo).not.toBeNull()
  })
})

describe('a question', () => {
  for (const name of ['enter', 'n', 'esc']) {
    test(`${name} says no`, () => {
      const {state, effects} = pressed(asked(), name)
      expect(state.overlay).toBeNull()
      expect(effects).toEqual([])
    })
  }

  for (const name of ['D', 'Y', 'space', 'tab', 'A', '1', 'q']) {
    test(`${name} says nothing`, () => {
      const {state, effects} = pressed(asked(), name)
      expect(state.overlay?.kind).toBe('confirm')
      expect(effects).toEqual([])
    })
  }

  test('y says yes', () => {
    expect(pressed(asked(), 'y').effects).toMatchObject([{kind: 'run'}])
  })

  test('a key that came before anybody could read it says nothing', () => {
    const open = asked()
    const {state, effects} = reduce(open, {kind: 'key', name: 'y', at: NOW + 100})
    expect(effects).toEqual([])
    expect(state.overlay?.kind).toBe('confirm')
  })

  test('of the severe kind wants the word, and Enter', () => {
    const tier = {kind: 'type', word: '4211'} as const
    expect(pressed(asked({tier}), 'y').effects).toEqual([])
    expect(pressed(asked({tier}), '4', '2', '1', 'enter').effects).toEqual([])
    expect(pressed(asked({tier}), '4', '2', '1', '1').effects).toEqual([])
    expect(pressed(asked({tier}), '4', '2', '1', '1', 'enter').effects).toMatchObject([{kind: 'run'}])
    expect(pressed(asked({tier}), '4', '2', '1', '1', '0', 'enter').effects).toEqual([])
  })

  test('says so when the word is wrong, until something is typed', () => {
    const wrong = pressed(asked({tier: {kind: 'type', word: '4211'}}), 'y', '3', 'enter').state
    expect(wrong).toMatchObject({overlay: {kind: 'confirm', line: {text: 'y3'}}, notice: {text: 'nothing was done: type 4211, or Esc', tone: 'warning'}})
    expect(pressed(wrong, 'backspace').state.notice).toBeNull()
  })

  test('pasting does not answer one', () => {
    const tier = {kind: 'type', word: '4211'} as const
    const {effects} = pressed(after(asked({tier}), {kind: 'paste', text: '4211'}), 'enter')
    expect(effects).toEqual([])
  })

  test('what is done at once is not asked', () => {
    expect(moved(began({mode: 'admin'}), {kind: 'act', act: act({tier: {kind: 'at_once'}})}).effects).toMatchObject([{kind: 'run'}])
  })

  test('comes when what it would touch has been counted, unless that was stopped', () => {
    const counting = moved(began({mode: 'admin'}), {kind: 'prepare', what: 'counting', prepare: async () => act()}).state
    expect(counting.overlay).toMatchObject({kind: 'busy', what: 'counting'})
    expect(after(counting, {kind: 'prepared', act: act(), at: NOW}).overlay).toMatchObject({kind: 'confirm'})
    const stopped = pressed(counting, 'esc')
    expect(stopped.effects).toEqual([{kind: 'stop'}])
    expect(after(stopped.state, {kind: 'prepared', act: act(), at: NOW}).overlay).toBeNull()
  })
})

describe('what was done', () => {
  test('is said, with how to undo it', () => {
    const busy = pressed(asked(), 'y').state
    expect(busy.overlay).toMatchObject({kind: 'busy'})
    const undo = act({title: 'Resume it?'})
    const done = reduce(busy, {kind: 'acted', done: {notice: 'paused', undo}, at: NOW + 5000})
    expect(done.state).toMatchObject({overlay: null, notice: {text: 'paused  U undo'}})
    expect(done.effects).toEqual([{kind: 'look'}])
    expect(pressed(done.state, 'U').effects).toMatchObject([{kind: 'run', act: undo}])
    expect(pressed(pressed(done.state, 'U').state, 'esc', 'U').effects).toEqual([])
  })

  test('is not undone when the next thing cannot be, and U says so', () => {
    const busy = pressed({...asked(), undo: act()}, 'y').state
    const deleted = after(busy, {kind: 'acted', done: {notice: 'deleted'}, at: NOW})
    expect(deleted.notice?.text).toBe('deleted')
    const {state, effects} = pressed(deleted, 'U')
    expect({effects, text: state.notice?.text}).toEqual({effects: [], text: 'what was done last cannot be undone'})
    expect(pressed(began({mode: 'admin'}), 'U').state.notice?.text).toContain('nothing has been done here yet')
  })

  test('or why not', () => {
    const busy = pressed(asked(), 'y').state
    expect(after(busy, {kind: 'refused', message: 'it is processing', at: NOW})).toMatchObject({overlay: null, notice: {text: 'it is processing', tone: 'error'}})
  })

  test('is said for a while', () => {
    const said = moved(began(), {kind: 'notice', text: 'copied'}).state
    expect(after(said, {kind: 'clock', at: NOW + 14_000}).notice).not.toBeNull()
    expect(after(said, {kind: 'clock', at: NOW + 16_000}).notice).toBeNull()
  })
})

describe('screens', () => {
  test('a detail is left with q and with Esc, a numbered one with q only, and that is the end', () => {
    const detail = moved(began(), {kind: 'open', screen: 'overview', own: {queue: 'mail'}}).state
    expect(pressed(detail, 'esc').effects).toEqual([{kind: 'look'}])
    expect(pressed(detail, 'q').effects).toEqual([{kind: 'look'}])
    expect(pressed(detail, 'q', 'q').effects).toEqual([{kind: 'quit'}])
    expect(pressed(began(), 'esc', 'esc', 'esc').effects).toEqual([{kind: 'look'}])
  })

  for (const overlay of [null, 'help', 'confirm', 'busy'] as const) {
    test(`Ctrl-C ends it from anywhere: ${overlay ?? 'a screen'}`, () => {
      const over = {help: {kind: 'help', offset: 0}, confirm: asked().overlay, busy: {kind: 'busy', what: '', done: 0, total: 0}} as const
      const state: State = {...began({mode: 'admin'}), overlay: overlay === null ? null : over[overlay]}
      expect(pressed(state, 'ctrl-c').effects).toEqual([{kind: 'quit'}])
    })
  }

  test('an answer to a question of before is dropped', () => {
    const detail = moved(began(), {kind: 'open', screen: 'overview', own: {queue: 'mail'}}).state
    const late = after(detail, {kind: 'looked', view: 0, facts: 'of the other', inHand: null, at: NOW, tookMs: 1})
    expect(late.stacks['overview']?.at(-1)?.seen).toBeNull()
  })

  test('q does not quit with a job in the hand before it was said what becomes of that', () => {
    const held = after(began(), {kind: 'looked', view: 0, facts: null, inHand: 7, at: NOW, tookMs: 1})
    const warned = pressed(held, 'q')
    expect(warned).toMatchObject({state: {notice: {text: 'job 7 is in your hand and goes back when you quit: q again quits'}}, effects: []})
    expect(pressed(warned.state, 'q').effects).toEqual([{kind: 'quit'}])
    expect(pressed(warned.state, 'j', 'q').effects).toEqual([])
    expect(pressed(held, 'ctrl-c').effects).toEqual([{kind: 'quit'}])
  })

  test('moves follow one another', () => {
    const {state, effects} = inTurn(began(), [{kind: 'own', own: {queue: 'a'}}, {kind: 'refresh'}, {kind: 'notice', text: 'so'}])
    expect(state).toMatchObject({notice: {text: 'so'}, stacks: {overview: [{own: {queue: 'a'}}]}})
    expect(effects).toEqual([{kind: 'look'}])
  })
})

describe('time', () => {
  test('+ and - go through the intervals and stop at their ends', () => {
    expect(pressed(began(), '+').state.intervalMs).toBe(2000)
    expect(pressed(began(), '-').state.intervalMs).toBe(500)
    expect(pressed(began(), '-', '-', '-').state.intervalMs).toBe(500)
    expect(pressed(began(), '+', '+', '+', '+', '+', '+', '+').state.intervalMs).toBe(30_000)
    expect(pressed(began({intervalMs: 60_000}), '-').state.intervalMs).toBeLessThan(60_000)
  })

  test('p freezes, and p goes on', () => {
    const frozen = pressed(began(), 'p').state
    expect(frozen.frozenAt).not.toBeNull()
    expect(pressed(frozen, 'p')).toMatchObject({state: {frozenAt: null}, effects: [{kind: 'look'}]})
  })

  test('a database that is away is told, and that it is back', () => {
    const trouble = {message: 'the file is gone', hint: null, retryAt: NOW + 1000}
    const away = after(began(), {kind: 'lost', trouble, at: NOW})
    expect(away.trouble).toEqual(trouble)
    expect(after(away, {kind: 'found', note: 'back', at: NOW})).toMatchObject({trouble: null, notice: {text: 'back'}})
  })
})

describe('a line that is typed', () => {
  test('is asked for, checked, and given', () => {
    const prompt = {label: 'name:', text: 'ab', check: (text: string) => (text === 'abc' ? null : 'not abc'), submit: (text: string) => ({kind: 'notice', text}) as const}
    const open = moved(began(), {kind: 'prompt', prompt}).state
    expect(pressed(open, 'enter').state.overlay).toMatchObject({kind: 'prompt', wrong: 'not abc'})
    expect(pressed(open, 'c', 'enter').state).toMatchObject({overlay: null, notice: {text: 'abc'}})
    expect(pressed(open, 'esc').state.overlay).toBeNull()
  })

  test('takes what is pasted; of several lines nothing, and says so', () => {
    const open = moved(began(), {kind: 'prompt', prompt: {label: '', text: '', submit: text => ({kind: 'notice', text})}}).state
    expect(pressed(after(open, {kind: 'paste', text: 'one\r'}), 'enter').state.notice?.text).toBe('one')
    const refused = after(open, {kind: 'paste', text: 'one\nq'})
    expect(refused.overlay).toMatchObject({line: {text: ''}, wrong: expect.stringContaining('several lines')})
    expect(pressed(refused, 'x').state.overlay).toMatchObject({line: {text: 'x'}, wrong: null})
  })

  test('of a form takes several lines where there may be some', () => {
    const fields = [{name: 'a', label: 'a', value: ''}, {name: 'b', label: 'b', value: '', hasLines: true}]
    const open = moved(began({mode: 'admin'}), {kind: 'form', form: {title: 't', fields, submit: ({b}) => ({kind: 'notice', text: b ?? ''})}}).state
    expect(after(open, {kind: 'paste', text: 'one\rtwo'}).overlay).toMatchObject({lines: [{text: ''}, {text: ''}], wrong: [expect.stringContaining('several lines'), null]})
    expect(pressed(after(pressed(open, 'tab').state, {kind: 'paste', text: 'one\r\ntwo\rthree\n'}), 'enter').state.notice?.text).toBe('one\ntwo\nthree\n')
  })

  test('nothing is pasted into a screen', () => {
    expect(reduce(began({mode: 'admin'}), {kind: 'paste', text: 'qqq'})).toEqual({state: began({mode: 'admin'}), effects: []})
  })

  test('of a form: the field that is wrong gets the caret', () => {
    const field = (name: string, wrong: string | null) => ({name, label: name, value: '', check: () => wrong})
    const submit = (values: Readonly<Record<string, string>>) => ({kind: 'notice', text: JSON.stringify(values)}) as const
    const open = (first: string | null): State => moved(began({mode: 'admin'}), {kind: 'form', form: {title: 't', fields: [field('a', first), field('b', null)], submit}}).state
    expect(pressed(open('no'), 'x', 'enter', 'y', 'enter').state.overlay).toMatchObject({kind: 'form', field: 0, wrong: ['no', null]})
    expect(pressed(open(null), 'x', 'tab', 'y', 'shift-tab', 'z', 'enter', 'enter').state.notice?.text).toBe('{"a":"xz","b":"y"}')
    expect(pressed(open(null), 'x', 'ctrl-s').state.notice?.text).toBe('{"a":"x","b":""}')
    expect(pressed(open('no'), 'tab', 'ctrl-s').state.overlay).toMatchObject({kind: 'form', field: 0, wrong: ['no', null]})
  })
})

test('what is thrown while something is dealt with is told, for it may have come from where nobody catches it', () => {
  const thrown: unknown[] = []
  const program = new Program(
    began(),
    () => {
      throw new Error('a bug')
    },
    error => thrown.push(error),
  )
  program.tell({kind: 'key', name: 'q', at: NOW})
  expect(thrown).toEqual([new Error('a bug')])
})
