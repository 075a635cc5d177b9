import type {Consumer, Job} from '../../job.ts'
import type {Assignment, ClaimantStanding, Counted, Holder, KeyHolder, PendingStanding, QueueStanding, Standing} from '../../standing.ts'
import {Choice, type Chosen, isDue, reading, roomIn, stampedBy} from './choose.ts'
import type {Connection, Tuple} from './connection.ts'
import {consumers} from './consumers.ts'
import {lastEvent, lastRun} from './history.ts'
import {getListed} from './job-rows.ts'
import {KEY_HOLDER} from './keys.ts'
import {processOf} from './leases.ts'
import {boundViewpoint, expired, type Viewpoint} from './machines.ts'
import {queueById, queueByName, type QueueRow} from './queue-rows.ts'
import {LANE_SUSPECT, num, numOrNull, text, textOrNull} from './rows.ts'

/** So many jobs before one are counted, and no more. */
const COUNTED = 1000
/** So many of the holders of a queue, and of the jobs in a consumer's hands, are named. */
const NAMED = 5

const PLACE = 'SELECT queue_id, lane FROM job WHERE id = ?'
const DUE = `SELECT 1 FROM job WHERE id = ?1 AND ${isDue('?2', '?3')}`
const PAUSED = 'SELECT paused_reason, paused_at FROM queue WHERE id = ?'
const HOLDERS = `
SELECT c.name AS consumer, count(*) AS jobs FROM lease l JOIN job j ON j.id = l.job_id JOIN consumer c ON c.id = l.consumer_id
WHERE j.queue_id = ? GROUP BY c.id ORDER BY jobs DESC, consumer LIMIT ${NAMED}`
const HOLDING = `SELECT job_id FROM lease WHERE consumer_id = ? ORDER BY started_at, job_id LIMIT ${NAMED}`
const HOLDER = `
SELECT c.*, l.started_at AS claimed_at, l.lease_ms, l.suspect, l.requested, ${expired(['?1', '?2', '?3', '?4'])} AS expired
FROM lease l JOIN consumer c ON c.id = l.consumer_id WHERE l.job_id = ?5`

/** How the jobs of these ids that exist stand, in the order asked. */
export function explain(db: Connection, ids: readonly number[], view: Viewpoint): readonly Standing[] {
  return db.snapshot(() => {
    const look = new Look(db, view)
    return ids.flatMap(id => look.at(id) ?? [])
  })
}

/** What a consumer's next claim would be granted. */
interface Foreseen {
  readonly consumer: Consumer
  readonly holding: readonly number[]
  readonly chosen: readonly Chosen[]
  readonly barred: ClaimantStanding['barred']
  /** How many jobs come before each. */
  readonly places: ReadonlyMap<number, number>
}

/** One look at the store. What concerns several jobs is found once. */
class Look {
  readonly #db: Connection
  readonly #view: Viewpoint
  readonly #choice: Choice
  readonly #foreseen = new Map<number, Foreseen>()
  #registered: readonly Consumer[] | null = null

  constructor(db: Connection, view: Viewpoint) {
    this.#db = db
    this.#view = view
    this.#choice = new Choice(db, reading(), view.now, {foresee: true})
  }

  at(id: number): Standing | null {
    const job = getListed(this.#db, id, {boot: this.#view.bootId, boot_now: this.#view.bootNow})
    const [place] = this.#db.tuples(PLACE, id)
    if (job === null || place === undefined) return null
    const queue = queueById(this.#db, num(place[0]))
    return {
      job,
      now: this.#view.now,
      queue: this.#queueStanding(queue),
      pending: job.state === 'pending' ? this.#pendingStanding(job, queue, place[1] === LANE_SUSPECT) : null,
      holder: this.#holderOf(id),
      lastRun: lastRun(this.#db, id),
      lastEvent: lastEvent(this.#db, id),
      key: this.#keyHolder(job, queue),
    }
  }

  #queueStanding(queue: QueueRow): QueueStanding {
    const [paused] = this.#db.tuples(PAUSED, queue.id)
    const isFull = !queue.paused && roomIn(queue, 0) === 0
    const holders = isFull ? this.#db.all(HOLDERS, queue.id) : []
    return {
      name: queue.name,
      paused: queue.paused,
      pausedReason: textOrNull(paused?.[0]),
      pausedAt: numOrNull(paused?.[1]),
      concurrency: queue.settings.concurrency,
      processing: queue.processing,
      holders: holders.map(row => ({consumer: text(row['consumer']), jobs: num(row['jobs'])})),
    }
  }

  #pendingStanding(job: Job, queue: QueueRow, suspect: boolean): PendingStanding {
    const due = this.#db.number(DUE, job.id, stampedBy(queue, this.#view.now), this.#view.now) !== null
    const assignment = this.#assignmentOf(job)
    return {
      due,
      suspect,
      assignment,
      ahead: due && !suspect ? this.#ahead(job.id, queue, assignment) : null,
      claimants: this.#consumers().filter(({queues}) => queues.includes(queue.name)).map(consumer => this.#claimant(consumer, job.id, queue)),
    }
  }

  #assignmentOf({assignedTo, assignedUntil}: Job): Assignment | null {
    if (assignedTo === null || (assignedUntil !== null && assignedUntil <= this.#view.now)) return null
    const assignee = this.#consumers().find(({name}) => name === assignedTo)
    return {to: assignedTo, until: assignedUntil, process: assignee?.process ?? null, queues: assignee?.queues ?? []}
  }

  #ahead(id: number, queue: QueueRow, assignment: Assignment | null): Counted {
    const place = this.#choice.dueIn(queue, assignment?.to ?? '', COUNTED).findIndex(([other]) => other === id)
    return place === -1 ? {count: COUNTED, isMore: true} : {count: place, isMore: false}
  }

  #claimant(consumer: Consumer, id: number, queue: QueueRow): ClaimantStanding {
    const {holding, chosen, barred, places} = this.#foresee(consumer)
    const own = consumer.queues.indexOf(queue.name)
    const isMore = places.size === COUNTED
    return {
      consumerId: consumer.id,
      name: consumer.name,
      process: consumer.process,
      concurrency: consumer.concurrency,
      jobs: consumer.jobs,
      holding,
      leaving: consumer.leaving,
      gets: consumer.leaving ? null : (places.get(id) ?? null),
      before: {count: placeIn(chosen.find(part => part.queue.id === queue.id), id), isMore},
      barred,
      earlier: chosen
        .filter(part => !part.suspect && consumer.queues.indexOf(part.queue.name) < own)
        .map(part => ({queue: part.queue.name, jobs: {count: part.rows.length, isMore}})),
    }
  }

  #foresee(consumer: Consumer): Foreseen {
    const known = this.#foreseen.get(consumer.id)
    if (known !== undefined) return known
    const queues = [...new Set(consumer.queues)].map(name => queueByName(this.#db, name)).filter(queue => queue !== null)
    const choice = this.#choice.of({consumerId: consumer.id, name: consumer.name, queues, limit: COUNTED})
    const chosen = 'kind' in choice ? [] : choice
    const places = chosen.flatMap(({rows}) => idsOf(rows)).map((id, place) => [id, place] as const)
    const foreseen = {
      consumer,
      holding: consumer.jobs === 0 ? [] : idsOf(this.#db.tuples(HOLDING, consumer.id)),
      chosen,
      barred: 'kind' in choice ? choice : suspectNext(choice),
      places: new Map(places),
    }
    this.#foreseen.set(consumer.id, foreseen)
    return foreseen
  }

  /** The registrations that have not ended. */
  #consumers(): readonly Consumer[] {
    this.#registered ??= consumers(this.#db).filter(({endedAt}) => endedAt === null)
    return this.#registered
  }

  #holderOf(id: number): Holder | null {
    const row = this.#db.get(HOLDER, ...boundViewpoint(this.#view), id)
    if (row === undefined) return null
    const requested = row['requested']
    return {
      consumerId: num(row['id']),
      consumer: text(row['name']),
      process: processOf(row),
      ended: row['ended_at'] !== null,
      startedAt: num(row['claimed_at']),
      leaseMs: num(row['lease_ms']),
      expired: row['expired'] === 1,
      suspect: row['suspect'] === 1,
      requested: requested === 'cancel' || requested === 'fail' ? requested : null,
    }
  }

  #keyHolder({key}: Job, queue: QueueRow): KeyHolder | null {
    if (key === null) return null
    const [row] = this.#db.tuples(KEY_HOLDER, queue.id, key, this.#view.now)
    return row === undefined ? null : {jobId: num(row[0]), freeAt: numOrNull(row[1])}
  }
}

/** How many of the chosen jobs come before that one; all when it is not among them. */
function placeIn(chosen: Chosen | undefined, id: number): number {
  const ids = chosen === undefined ? [] : idsOf(chosen.rows)
  return ids.includes(id) ? ids.indexOf(id) : ids.length
}

function suspectNext(chosen: readonly Chosen[]): ClaimantStanding['barred'] {
  const [first] = chosen
  return first?.suspect === true ? {kind: 'suspect_next', jobId: num(first.rows[0]?.[0])} : null
}

function idsOf(rows: readonly Tuple[]): readonly number[] {
  return rows.map(([id]) => num(id))
}
