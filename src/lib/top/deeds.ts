import type {Session} from '../cli/session.ts'
import {QctlError} from '../errors.ts'
import {systemClock} from '../time.ts'
import type {Act, Hands} from './acts.ts'
import type {Beside} from './beside.ts'
import type {Preparation} from './screen.ts'
import {withHint} from './with-hint.ts'
import type {Effect, Event} from './state.ts'

/** What carrying out needs. */
export interface Means {
  /** The open database; `null` while it is away. */
  readonly session: () => Session | null
  readonly actor: string
  readonly beside: Beside
  readonly tell: (event: Event) => void
  /** Settles what dead holders left; absent: nobody does from here. */
  readonly reap?: (session: Session) => Promise<unknown>
  /** The end of the program. */
  readonly signal: AbortSignal
}

type Deed = Extract<Effect, {kind: 'run' | 'prepare' | 'stop'}>

/** Carries out what was decided on the screen, and tells what became of it. One thing at a time: a dialog is open meanwhile. */
export class Deeds {
  readonly #means: Means
  #stop = new AbortController()

  constructor(means: Means) {
    this.#means = means
  }

  /** Starts it, or stops what runs. Never throws: errors are told. */
  carryOut(deed: Deed): void {
    if (deed.kind === 'stop') this.#stop.abort(new QctlError('usage', 'stopped'))
    else void this.#carryOut(deed)
  }

  async #carryOut(deed: Exclude<Deed, {kind: 'stop'}>): Promise<void> {
    const {tell} = this.#means
    this.#stop = new AbortController()
    try {
      const hands = this.#hands()
      const event = deed.kind === 'run' ? await acted(deed.act, hands) : await prepared(deed.prepare, hands)
      tell({...event, at: systemClock.wallNow()})
    } catch (error) {
      tell({kind: 'refused', message: withHint(error), at: systemClock.wallNow()})
    }
  }

  #hands(): Hands {
    const {session, actor, beside, tell, reap, signal} = this.#means
    const open = session()
    if (open === null) throw new QctlError('busy', 'the database is away: nothing was changed')
    return {
      session: open,
      actor,
      beside,
      signal: AbortSignal.any([signal, this.#stop.signal]),
      onProgress: (done, total) => tell({kind: 'progress', done, total}),
      reap: async () => reap?.(open),
    }
  }
}

async function acted(act: Act, hands: Hands): Promise<{readonly kind: 'acted'; readonly done: Awaited<ReturnType<Act['run']>>}> {
  return {kind: 'acted', done: await act.run(hands)}
}

async function prepared(prepare: Preparation, hands: Hands): Promise<{readonly kind: 'prepared'; readonly act: Act}> {
  return {kind: 'prepared', act: await prepare(hands)}
}
