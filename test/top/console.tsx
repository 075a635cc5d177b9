import chalk from 'chalk'
import {renderToString} from 'ink'
import type {Session} from '../../src/lib/cli/session.ts'
import type {Finding} from '../../src/lib/doctor/finding.ts'
import {Inspector} from '../../src/lib/queue/inspector.ts'
import {Queue} from '../../src/lib/queue/queue.ts'
import {openMemoryStorage} from '../../src/lib/storage/open.ts'
import {systemClock} from '../../src/lib/time.ts'
import {Glass} from '../../src/lib/top/components/app.tsx'
import {Beside} from '../../src/lib/top/beside.ts'
import {Deeds} from '../../src/lib/top/deeds.ts'
import {Errand} from '../../src/lib/top/errand.ts'
import {Hand} from '../../src/lib/top/hand.ts'
import {Poller} from '../../src/lib/top/poll.ts'
import {Program} from '../../src/lib/top/program.ts'
import {SupervisorDesk} from '../../src/lib/top/supervisor-desk.ts'
import type {Frame} from '../../src/lib/top/screen.ts'
import {type Effect, type Event, initialState, type Start, type State} from '../../src/lib/top/state.ts'
import {themeOf} from '../../src/lib/top/theme.ts'
import {waitFor} from '../support/wait-for.ts'

/** Opens a store in memory with a queue and an inspector. */
export async function memorySession(): Promise<Session> {
  const storage = await openMemoryStorage()
  return {storage, queue: new Queue(storage), inspector: new Inspector(storage), close: () => storage.close()}
}

/** `top` without a terminal: the whole program on a real store, driven by keys, drawn when asked. */
export class Console {
  readonly session: Session
  readonly program: Program
  readonly copied: string[] = []
  readonly beside: Beside
  /** What the doctor will say. */
  findings: readonly Finding[] = []
  hasQuit = false
  /** What was carried out, in words. */
  readonly effects: Effect['kind'][] = []
  /** Time between two keys; more than the time in which a question is read. */
  #now: number
  readonly #poller: Poller
  readonly #deeds: Deeds

  private constructor(session: Session, start: Partial<Start>) {
    this.session = session
    this.#now = systemClock.wallNow()
    const state = initialState({
      size: {columns: 80, rows: 24}, mode: 'ops', mayAct: true, intervalMs: 1000, screen: 'overview', location: '/var/lib/qctl.db', now: this.#now, ...start,
    })
    this.program = new Program(state, effect => this.#onEffect(effect), error => {
      throw error
    })
    const {state: current, tell} = this.program
    const open = (): Promise<Session> => Promise.resolve({...session, close: async () => {}})
    this.beside = new Beside({hand: new Hand({open, dbPath: null}), doctor: new Errand(async () => this.findings, {everyMs: 30_000, rest: 0}), supervisor: new SupervisorDesk(''), version: '0.0.0'})
    this.#poller = new Poller(session, {open, names: null, beside: this.beside, state: current, tell})
    this.#deeds = new Deeds({session: () => session, actor: 'top:test', beside: this.beside, tell, signal: new AbortController().signal})
  }

  /** Starts it and lets it look once. */
  static async open(start: Partial<Start> = {}, session?: Session): Promise<Console> {
    const console = new Console(session ?? (await memorySession()), start)
    await console.look()
    return console
  }

  get state(): State {
    return this.program.state()
  }

  /** Asks the store, as a tick does. */
  look(): Promise<void> {
    return this.#poller.look()
  }

  /** Presses keys one after another, slowly enough for every question to be read, and waits until what they started is done. */
  async press(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      this.#now = Math.max(this.#now + 1000, systemClock.wallNow())
      this.tell({kind: 'key', name, at: this.#now})
      await waitFor(() => this.state.overlay?.kind !== 'busy', {what: `the end of what ${name} began`})
      await this.look()
    }
  }

  /** Types a text, key by key. */
  type(text: string): Promise<void> {
    return this.press(...[...text].map(character => (character === ' ' ? 'space' : character)))
  }

  tell(event: Event): void {
    this.program.tell(event)
  }

  /** What is on the screen. */
  frame(options: {readonly size?: Frame; readonly ascii?: boolean; readonly colors?: 0 | 1 | 3} = {}): readonly string[] {
    return frameOf(this.state, options)
  }

  /** The whole screen as one text. */
  text(): string {
    return this.frame().join('\n')
  }

  #onEffect(effect: Effect): void {
    this.effects.push(effect.kind)
    if (effect.kind === 'quit') this.hasQuit = true
    else if (effect.kind === 'copy') this.copied.push(effect.text)
    else if (effect.kind !== 'look' && effect.kind !== 'repaint') this.#deeds.carryOut(effect)
  }
}

/** Draws a state. */
export function frameOf(state: State, {size = state.size, ascii = false, colors = 0}: {readonly size?: Frame; readonly ascii?: boolean; readonly colors?: 0 | 1 | 3} = {}): readonly string[] {
  chalk.level = colors
  return renderToString(<Glass state={{...state, size}} theme={themeOf({ascii, colors})} />, {columns: size.columns}).split('\n')
}
