/**
 * How a process of the simulated world reaches the store. Calls of one moment travel together, as they share a commit; on the way
 * there and back time passes, in which the process may die or be stopped; and some commits fail, or are heard of by nobody.
 */
import {QctlError} from '../../src/lib/errors.ts'
import type {Storage} from '../../src/lib/storage/storage.ts'
import type {Life} from './life.ts'
import type {Random} from './random.ts'
import type {Answer, Call, WatchedStore} from './store.ts'
import type {Tally} from './tally.ts'
import type {VirtualTime} from './virtual-time.ts'

/** What becomes of the commit of some calls. `unknown` ones say so whether or not they were made. */
type Fate = 'made' | 'refused' | 'unknown_made' | 'unknown_not_made'

/** How bad things are: all of it can be switched off. */
export interface Weather {
  isCalm: boolean
  /** Until then the store answers nobody. */
  outageUntilMs: number
}

export interface WireOptions {
  readonly store: WatchedStore
  readonly time: VirtualTime
  readonly random: Random
  readonly weather: Weather
  readonly tally: Tally
  readonly log: (line: () => string) => void
}

interface Sent {
  readonly call: Call
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

const DELAYS: readonly [readonly [number, readonly [number, number]], ...(readonly [number, readonly [number, number]])[]] = [
  [60, [0, 1]],
  [35, [1, 12]],
  [4, [12, 200]],
  [1, [200, 1500]],
]
const FATES: readonly [readonly [number, Fate], ...(readonly [number, Fate])[]] = [
  [0.965, 'made'],
  [0.015, 'refused'],
  [0.01, 'unknown_made'],
  [0.01, 'unknown_not_made'],
]
/** How soon a change is heard of by who watches, and by who says that it is not urgent. */
const HEARD_WITHIN_MS = 6
const GATHERED_WITHIN_MS = 100
const NOT_HEARD = 0.03

type Watch = readonly [listener: () => void, pollMs: number, isUrgent?: () => boolean]

export class Wire {
  readonly storage: Storage
  readonly #options: WireOptions
  readonly #life: Life
  #sent: Sent[] = []
  #listener: (() => void) | null = null
  #isUrgent = (): boolean => true
  #isTold = false

  constructor(life: Life, options: WireOptions) {
    this.#life = life
    this.#options = options
    this.storage = new Proxy({} as Storage, {
      get: (_target, name: keyof Storage) => {
        if (name === 'watch') return (...watch: Watch) => this.#watch(...watch)
        if (name === 'close') return async () => {}
        return (...args: readonly unknown[]) => this.#send({method: name, args} as Call)
      },
    })
  }

  /** Somebody committed something. */
  changed(): void {
    const {time, random} = this.#options
    if (this.#listener === null || this.#isTold || this.#life.isDead || random.chance(NOT_HEARD)) return
    this.#isTold = true
    time.plan(random.between(0, this.#isUrgent() ? HEARD_WITHIN_MS : GATHERED_WITHIN_MS), this.#life, () => {
      this.#isTold = false
      this.#listener?.()
    })
  }

  #watch(...[listener, pollMs, isUrgent = () => true]: Watch): () => void {
    const {time} = this.#options
    this.#isUrgent = isUrgent
    const poll = (): void => {
      if (this.#listener !== listener) return
      listener()
      time.plan(pollMs, this.#life, poll)
    }
    this.#listener = listener
    time.plan(pollMs, this.#life, poll)
    return () => {
      this.#listener = null
    }
  }

  #send(call: Call): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#sent.push({call, resolve, reject})
      if (this.#sent.length === 1) this.#options.time.plan(this.#delayMs(), this.#life, () => this.#arrive())
    })
  }

  #arrive(): void {
    const {time, log} = this.#options
    const sent = this.#sent
    this.#sent = []
    const fate = this.#fate()
    let answers: readonly Answer[] = []
    try {
      answers = this.#answer(sent.map(({call}) => call), fate)
    } finally {
      log(() => sent.map(({call}, i) => `${this.#life.name} ${inWords(call)} → ${fate === 'made' ? '' : `${fate} `}${said(answers[i])}`).join('\n'))
    }
    time.plan(this.#delayMs(), this.#life, () => {
      for (const [i, {resolve, reject}] of sent.entries()) {
        const answer = answers[i]
        if (answer !== undefined && 'value' in answer) resolve(answer.value)
        else reject(answer?.error)
      }
    })
  }

  #answer(calls: readonly Call[], fate: Fate): readonly Answer[] {
    const {store, tally} = this.#options
    const answers = fate === 'made' || fate === 'unknown_made' ? store.perform(calls, this.#life.skewMs) : []
    if (fate === 'made') return answers
    if (fate === 'refused') tally.failedCommits += 1
    else tally.unknownCommits += 1
    const error = fate === 'refused' ? new QctlError('busy', 'the store is busy') : new QctlError('outcome_unknown', 'the disk says nothing')
    return calls.map(() => ({error}))
  }

  #fate(): Fate {
    const {weather, time, random} = this.#options
    if (weather.isCalm) return 'made'
    return time.nowMs < weather.outageUntilMs ? 'refused' : random.weighted(FATES)
  }

  #delayMs(): number {
    const {random, weather} = this.#options
    if (weather.isCalm) return random.between(0, 1)
    const [least, most] = random.weighted(DELAYS)
    return random.between(least, most)
  }
}

function inWords({method, args}: Call): string {
  return `${method} ${JSON.stringify(args, short).slice(1, -1)}`
}

function said(answer: Answer | undefined): string {
  if (answer === undefined) return '?'
  return 'value' in answer ? (JSON.stringify(answer.value, short) ?? 'ok') : String(answer.error)
}

/** Leaves out what says nothing. */
function short(_key: string, value: unknown): unknown {
  if (value === null || value === false) return undefined
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : value
}
