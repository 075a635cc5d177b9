/** bunqueue inside the process that uses it; it runs in Bun only, and allows no second process. */
import {join} from 'node:path'
import type {Queue} from 'bunqueue/client'
import {packageVersion} from './package-version.ts'
import {aborted, NOTHING_RUNS, type OpenPeer, type Payload, type Peer, type Place, type Running} from './peer.ts'

const NAME = 'bench'
const CONCURRENCY = 50

class Bunqueue implements Peer {
  readonly name = 'bunqueue'
  readonly runtime = 'bun'
  readonly settings = [{name: 'as it comes', note: 'buffers writes', durable: false}, {name: 'durable: true', durable: true}] as const
  readonly inHand = `${CONCURRENCY} at once`
  readonly pollMs = null

  version(): string {
    return packageVersion('bunqueue')
  }

  async start(): Promise<Running> {
    return NOTHING_RUNS
  }

  async open({directory, setting}: Place): Promise<OpenPeer> {
    // Another runtime that only asks for the version cannot load it.
    const client = await import('bunqueue/client')
    const queue = new client.Queue<Payload>(NAME, {embedded: true, dataPath: join(directory, 'bunqueue.db')})
    return new OpenBunqueue(client, queue, {durable: setting === this.settings[1].name})
  }
}

class OpenBunqueue implements OpenPeer {
  readonly #client: typeof import('bunqueue/client')
  readonly #queue: Queue<Payload>
  readonly #options: {readonly durable: boolean}

  constructor(client: typeof import('bunqueue/client'), queue: Queue<Payload>, options: {readonly durable: boolean}) {
    this.#client = client
    this.#queue = queue
    this.#options = options
  }

  async produceOne(payload: Payload): Promise<void> {
    await this.#queue.add('job', payload, this.#options)
  }

  async produceMany(payloads: readonly Payload[]): Promise<void> {
    await this.#queue.addBulk(payloads.map(data => ({name: 'job', data, opts: this.#options})))
  }

  async consume(work: (n: number) => void, stop: AbortSignal): Promise<void> {
    const worker = new this.#client.Worker<Payload>(NAME, async ({data}: {readonly data: Payload}) => work(data.n), {embedded: true, concurrency: CONCURRENCY})
    await aborted(stop)
    await worker.close()
  }

  async left(): Promise<number> {
    const counts = await this.#queue.getJobCountsAsync()
    return counts.waiting + counts.active
  }

  async close(): Promise<void> {
    this.#queue.close()
    this.#client.shutdownManager()
  }
}

export const peer: Peer = new Bunqueue()
