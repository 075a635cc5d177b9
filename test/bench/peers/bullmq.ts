/** BullMQ, with a Redis of its own. */
import {join} from 'node:path'
import {Queue, Worker} from 'bullmq'
import {debianVersion} from '../debian.ts'
import {packageVersion} from './package-version.ts'
import {aborted, type OpenPeer, type Payload, type Peer, type Place, type Running} from './peer.ts'
import {startServer} from './server.ts'

const NAME = 'bench'
const CONCURRENCY = 50

class Bullmq implements Peer {
  readonly name = 'BullMQ'
  readonly settings = [
    {name: 'as it comes', note: 'Redis takes snapshots', durable: false},
    {name: 'appendfsync always', durable: true},
  ] as const
  readonly inHand = `${CONCURRENCY} at once`
  readonly pollMs = 0

  version(): string {
    return `${packageVersion('bullmq')} (Redis ${debianVersion('redis-server')})`
  }

  start({directory, setting}: Place): Promise<Running> {
    const durable = setting === this.settings[1].name ? ['--appendonly', 'yes', '--appendfsync', 'always'] : []
    return startServer({
      command: ['redis-server', '--port', '0', '--unixsocket', socketIn(directory), '--dir', directory, ...durable],
      cwd: directory,
      signal: 'SIGTERM',
    }, line => line.includes('Ready to accept connections') || line.includes('ready to accept connections at'))
  }

  async open({directory}: Place): Promise<OpenPeer> {
    const queue = new Queue<Payload>(NAME, {connection: {path: socketIn(directory)}})
    await queue.waitUntilReady()
    return new OpenBullmq(queue, socketIn(directory))
  }
}

function socketIn(directory: string): string {
  return join(directory, 's')
}

class OpenBullmq implements OpenPeer {
  readonly #queue: Queue<Payload>
  readonly #socket: string

  constructor(queue: Queue<Payload>, socket: string) {
    this.#queue = queue
    this.#socket = socket
  }

  async produceOne(payload: Payload): Promise<void> {
    await this.#queue.add('job', payload)
  }

  async produceMany(payloads: readonly Payload[]): Promise<void> {
    await this.#queue.addBulk(payloads.map(data => ({name: 'job', data})))
  }

  async consume(work: (n: number) => void, stop: AbortSignal): Promise<void> {
    const worker = new Worker<Payload>(NAME, async ({data}) => work(data.n), {
      connection: {path: this.#socket, maxRetriesPerRequest: null},
      concurrency: CONCURRENCY,
    })
    await aborted(stop)
    await worker.close()
  }

  async left(): Promise<number> {
    return await this.#queue.count() + await this.#queue.getActiveCount()
  }

  close(): Promise<void> {
    return this.#queue.close()
  }
}

export const peer: Peer = new Bullmq()
