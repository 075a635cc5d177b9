/** plainjob: SQLite, one job at a time per worker. */
import {join} from 'node:path'
import Database from 'better-sqlite3'
import {better, type Connection, defineQueue, defineWorker, JobStatus, type Queue} from 'plainjob'
import {packageVersion} from './package-version.ts'
import {aborted, NOTHING_RUNS, type OpenPeer, type Payload, type Peer, type Place, type Running} from './peer.ts'

const TYPE = 'bench'
const logger = {error: console.error, warn: console.error, info: () => {}, debug: () => {}}

class Plainjob implements Peer {
  readonly name = 'plainjob'
  readonly settings = [{name: 'as it comes', note: 'synchronous=NORMAL', durable: false}, {name: 'synchronous=FULL', durable: true}] as const
  readonly inHand = 'one after the other'
  readonly pollMs = 1000

  version(): string {
    return `${packageVersion('plainjob')} (better-sqlite3 ${packageVersion('better-sqlite3')})`
  }

  async start(place: Place): Promise<Running> {
    await (await this.open(place)).close()
    return NOTHING_RUNS
  }

  async open({directory, setting}: Place): Promise<OpenPeer> {
    const connection: Connection = better(new Database(join(directory, 'plainjob.db')))
    const queue = defineQueue({connection, logger})
    if (setting === this.settings[1].name) connection.pragma('synchronous = FULL')
    return new OpenPlainjob(queue)
  }
}

class OpenPlainjob implements OpenPeer {
  readonly #queue: Queue

  constructor(queue: Queue) {
    this.#queue = queue
  }

  async produceOne(payload: Payload): Promise<void> {
    this.#queue.add(TYPE, payload)
  }

  async produceMany(payloads: readonly Payload[]): Promise<void> {
    this.#queue.addMany(TYPE, [...payloads])
  }

  async consume(work: (n: number) => void, stop: AbortSignal): Promise<void> {
    const worker = defineWorker(TYPE, async ({data}) => work((JSON.parse(data) as Payload).n), {queue: this.#queue, logger})
    const running = worker.start()
    await aborted(stop)
    await worker.stop()
    await running
  }

  async left(): Promise<number> {
    return this.#queue.countJobs({status: JobStatus.Pending}) + this.#queue.countJobs({status: JobStatus.Processing})
  }

  async close(): Promise<void> {
    this.#queue.close()
  }
}

export const peer: Peer = new Plainjob()
