/** graphile-worker, with a PostgreSQL of its own and the batching its page on performance recommends. */
import {Logger, makeWorkerUtils, run, type WorkerUtils} from 'graphile-worker'
import {Pool} from 'pg'
import {packageVersion} from './package-version.ts'
import {aborted, type OpenPeer, type Payload, type Peer, type Place, type Running} from './peer.ts'
import {askPostgres, postgresUrl, postgresVersion, startPostgres} from './postgres.ts'

const TASK = 'bench'
const BATCHING = {concurrentJobs: 24, maxPoolSize: 25, localQueue: {size: 500}, completeJobBatchDelay: 0, failJobBatchDelay: 0} as const
const logger = new Logger(() => (level, message) => {
  if (level === 'error') console.error(`graphile-worker: ${message}`)
})

class GraphileWorker implements Peer {
  readonly name = 'graphile-worker'
  readonly settings = [{name: 'as it comes', durable: true}] as const
  readonly inHand = `${BATCHING.concurrentJobs} at once, fetched by ${BATCHING.localQueue.size}, acknowledged in batches`
  readonly pollMs = 0

  version(): string {
    return `${packageVersion('graphile-worker')} (PostgreSQL ${postgresVersion()})`
  }

  async start({directory}: Place): Promise<Running> {
    const server = await startPostgres(directory)
    const open = await OpenGraphileWorker.connect(directory)
    await open.migrate()
    await open.close()
    return server
  }

  open({directory}: Place): Promise<OpenPeer> {
    return OpenGraphileWorker.connect(directory)
  }
}

class OpenGraphileWorker implements OpenPeer {
  readonly #directory: string
  /** Our own, because nobody waits for the end of one that graphile-worker makes. */
  readonly #pool: Pool
  readonly #utils: WorkerUtils

  static async connect(directory: string): Promise<OpenGraphileWorker> {
    const pool = new Pool({connectionString: postgresUrl(directory), max: BATCHING.maxPoolSize})
    const complain = ({message}: Error): void => console.error(`graphile-worker: ${message}`)
    pool.on('error', complain).on('connect', client => client.on('error', complain))
    return new OpenGraphileWorker(directory, pool, await makeWorkerUtils({pgPool: pool, logger}))
  }

  private constructor(directory: string, pool: Pool, utils: WorkerUtils) {
    this.#directory = directory
    this.#pool = pool
    this.#utils = utils
  }

  migrate(): Promise<void> {
    return this.#utils.migrate()
  }

  async produceOne(payload: Payload): Promise<void> {
    await this.#utils.addJob(TASK, payload)
  }

  async produceMany(payloads: readonly Payload[]): Promise<void> {
    await this.#utils.addJobs(payloads.map(payload => ({identifier: TASK, payload})))
  }

  async consume(work: (n: number) => void, stop: AbortSignal): Promise<void> {
    const runner = await run({
      pgPool: this.#pool,
      logger,
      preset: {worker: BATCHING},
      noHandleSignals: true,
      taskList: {
        [TASK]: async payload => work((payload as Payload).n),
      },
    })
    await aborted(stop)
    await runner.stop()
  }

  left(): Promise<number> {
    return askPostgres(this.#directory, 'SELECT count(*) FROM graphile_worker.jobs')
  }

  async close(): Promise<void> {
    await this.#utils.release()
    await this.#pool.end()
  }
}

export const peer: Peer = new GraphileWorker()
