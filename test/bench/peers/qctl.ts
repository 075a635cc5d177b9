/** qctl as a library: the source of the npm package. */
import {join} from 'node:path'
import {type OpenQueue, openQueue} from '../../../src/index.ts'
import pjson from '../../../package.json' with {type: 'json'}
import {NOTHING_RUNS, type OpenPeer, type Payload, type Peer, type Place, type Running} from './peer.ts'

/** As many in hand as the other peers that take several at once. */
const CONCURRENCY = 500

class Qctl implements Peer {
  readonly name = 'qctl'
  readonly settings = [{name: 'as it comes', durable: true}, {name: 'durability normal', durable: false}] as const
  readonly inHand = `${CONCURRENCY} at once`
  readonly pollMs = 0

  version(): string {
    return pjson.version
  }

  async start(place: Place): Promise<Running> {
    await (await openQueue(path(place), {create: true, durability: place.setting === this.settings[0].name ? 'full' : 'normal'})).close()
    return NOTHING_RUNS
  }

  async open(place: Place): Promise<OpenPeer> {
    return new OpenQctl(await openQueue(path(place)))
  }
}

function path({directory}: Place): string {
  return join(directory, 'qctl.db')
}

class OpenQctl implements OpenPeer {
  readonly #queue: OpenQueue

  constructor(queue: OpenQueue) {
    this.#queue = queue
  }

  async produceOne(payload: Payload): Promise<void> {
    await this.#queue.enqueue({payload: JSON.stringify(payload)})
  }

  async produceMany(payloads: readonly Payload[]): Promise<void> {
    await this.#queue.enqueue(...payloads.map(payload => ({payload: JSON.stringify(payload)})))
  }

  async consume(work: (n: number) => void, stop: AbortSignal): Promise<void> {
    await this.#queue.consume(job => work((job.json() as Payload).n), {concurrency: CONCURRENCY, signal: stop})
  }

  async left(): Promise<number> {
    const queues = await this.#queue.inspector.stats({since: null})
    return queues.reduce((sum, {counts}) => sum + counts.pending + counts.processing, 0)
  }

  close(): Promise<void> {
    return this.#queue.close()
  }
}

export const peer: Peer = new Qctl()
