/** liteque: SQLite through drizzle. */
import {join} from 'node:path'
import {sql} from 'drizzle-orm'
import {buildDBClient, Runner, SqliteQueue} from 'liteque'
import {packageVersion} from './package-version.ts'
import {aborted, NOTHING_RUNS, type OpenPeer, type Payload, type Peer, type Place, type Running} from './peer.ts'

const POLL_MS = 1000

class Liteque implements Peer {
  readonly name = 'liteque'
  readonly settings = [{name: 'as it comes', note: 'synchronous=NORMAL', durable: false}, {name: 'synchronous=FULL', durable: true}] as const
  readonly inHand = 'one after the other'
  readonly pollMs = POLL_MS

  version(): string {
    return `${packageVersion('liteque')} (better-sqlite3 ${packageVersion('better-sqlite3')})`
  }

  async start({directory}: Place): Promise<Running> {
    buildDBClient(path(directory), {runMigrations: true})
    return NOTHING_RUNS
  }

  async open({directory, setting}: Place): Promise<OpenPeer> {
    const db = buildDBClient(path(directory))
    if (setting === this.settings[1].name) db.run(sql`PRAGMA synchronous = FULL`)
    return new OpenLiteque(new SqliteQueue<Payload>('bench', db, {defaultJobArgs: {numRetries: 2}, keepFailedJobs: false}))
  }
}

function path(directory: string): string {
  return join(directory, 'liteque.db')
}

/** There is no way to submit many at once. */
class OpenLiteque implements OpenPeer {
  readonly #queue: SqliteQueue<Payload>

  constructor(queue: SqliteQueue<Payload>) {
    this.#queue = queue
  }

  async produceOne(payload: Payload): Promise<void> {
    await this.#queue.enqueue(payload)
  }

  async consume(work: (n: number) => void, stop: AbortSignal): Promise<void> {
    const runner = new Runner<Payload>(this.#queue, {run: async ({data}) => work(data.n)}, {concurrency: 1, pollIntervalMs: POLL_MS, timeoutSecs: 60})
    const running = runner.run()
    await Promise.race([aborted(stop), running])
    runner.stop()
    await running
  }

  async left(): Promise<number> {
    const {pending, pending_retry: retried, running} = await this.#queue.stats()
    return pending + retried + running
  }

  /** It goes with the process. */
  async close(): Promise<void> {}
}

export const peer: Peer = new Liteque()
