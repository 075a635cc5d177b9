import {existsSync} from 'node:fs'
import {fullName, type Supervised, SupervisorClient} from '../supervisor/client.ts'
import {type PastLife, readPastLives} from '../supervisor/log-files.ts'
import {consumersOf, Operator, wantedConsumers} from '../supervisor/operate.ts'
import {existingPlace, type Place, placeOf} from '../supervisor/place.ts'
import {type ProcessStatus, type QueueSide, shownProcesses, statusOf} from '../supervisor/status.ts'
import {formatDurationShort, systemClock} from '../time.ts'
import {Errand, type ErrandNews} from './errand.ts'

/** What supervisord says. */
interface Report {
  readonly shown: readonly Supervised[]
  readonly lives: ReadonlyMap<string, PastLife>
  /** How many consumers there are to be, and how many there may be. */
  readonly wanted: number
  readonly most: number
}

/** The processes that are watched, and why they are not known when they are not. */
export interface Supervision {
  readonly directory: string
  readonly processes: readonly ProcessStatus[]
  readonly wanted: number
  readonly most: number
  readonly error: string | null
  /** When supervisord was asked for this, UTC ms; `null` before its first answer. */
  readonly at: number | null
  /** It has been asked again and has not answered yet. */
  readonly isAsked: boolean
}

/** It is asked a small question. */
const PACE = {everyMs: 1000, rest: 1} as const
/** While it is asked it is looked so often whether it has answered, ms. */
const ANSWER_MS = 100
/** What is older is not told as the present. */
const OLD_MS = 4000

/** The supervisord that `supervisor init` has set up, if it has: asked beside the ticks, because it may hang. */
export class SupervisorDesk {
  readonly #place: Place | null
  readonly #errand: Errand<Report>

  /** @param directory where it would be set up; '' = nobody can tell */
  constructor(directory: string) {
    this.#place = directory === '' ? null : placeOf(directory)
    this.#errand = new Errand(signal => ask(directory, signal), PACE)
  }

  /**
   * What is known of its processes, joined with what the queue knows.
   * @returns null when no supervisord has been set up
   */
  look(queueSide: QueueSide, now: number): Supervision | null {
    if (this.#place === null || !existsSync(this.#place.configuration)) return null
    const {value, error, at, isRunning}: ErrandNews<Report> = this.#errand.news(now)
    const {shown, lives, wanted, most} = value ?? {shown: [], lives: new Map<string, PastLife>(), wanted: 0, most: 0}
    // What was said before it fell silent is not so any more.
    const processes = error === null ? statusOf(shown, queueSide, lives) : []
    return {directory: this.#place.directory, processes, wanted, most, error, at, isAsked: isRunning}
  }

  /**
   * For what is to be done to it.
   * @throws QctlError `not_found` when none has been set up
   */
  hands(signal: AbortSignal): {readonly place: Place; readonly client: SupervisorClient; readonly operator: Operator} {
    const place = existingPlace(this.#place?.directory ?? '')
    const client = new SupervisorClient(place.socket, signal)
    return {place, client, operator: new Operator(place, client, signal)}
  }

  /** Something was done to it: what is seen next is from afterwards. */
  async changed(): Promise<void> {
    await this.#errand.renew(systemClock.wallNow())
  }

  close(): void {
    this.#errand.close()
  }
}

/** How often to look while supervisord is asked, ms; `null` = nobody waits for it. */
export function answerPace(supervision: Supervision | null): number | null {
  return supervision?.isAsked === true ? ANSWER_MS : null
}

/** Why there are no figures of the processes; `null` when there are. */
export function silence({at, error}: Pick<Supervision, 'at' | 'error'>): string | null {
  return error ?? (at === null ? 'asking supervisord ...' : null)
}

/** That figures are old, in words that follow them; '' when they are not. */
export function ageWords({at}: Pick<Supervision, 'at'>, now: number): string {
  return at === null || now - at < OLD_MS ? '' : `, as of ${formatDurationShort(now - at)} ago`
}

async function ask(directory: string, signal: AbortSignal): Promise<Report> {
  const place = existingPlace(directory)
  const client = new SupervisorClient(place.socket, signal)
  const all = await client.processes()
  const consumers = consumersOf(all)
  const wanted = wantedConsumers(place) ?? consumers.length
  const spare = new Set(consumers.slice(wanted).map(fullName))
  const shown = shownProcesses(all, all.filter(process => !spare.has(fullName(process))))
  return {shown, lives: readPastLives(place.log), wanted: Math.min(wanted, consumers.length), most: consumers.length}
}
