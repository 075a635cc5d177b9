/** pg-boss, with a PostgreSQL of its own. */
import {PgBoss} from 'pg-boss'
import {packageVersion} from './package-version.ts'
import {aborted, type OpenPeer, type Payload, type Peer, type Place, type Running} from './peer.ts'
import {askPostgres, postgresUrl, postgresVersion, startPostgres} from './postgres.ts'

const NAME = 'bench'
const BATCH = 500

class PgBossPeer implements Peer {
  readonly name = 'pg-boss'
  readonly settings = [{name: 'as it comes', note: 'polls every 2 s', durable: true}] as const
  readonly inHand = `batches of ${BATCH}`
  readonly pollMs = 2000

  version(): string {
    return `${packageVersion('pg-boss')} (PostgreSQL ${postgresVersion()})`
  }

  async start(place: Place): Promise<Running> {
    const server = await startPostgres(place.directory)
    const boss = await start(place)
    await boss.createQueue(NAME)
    await boss.stop()
    return server
  }

  async open(place: Place): Promise<OpenPeer> {
    return new OpenPgBoss(await start(place), place.directory)
  }
}

async function start({directory}: Place): Promise<PgBoss> {
  const boss = new PgBoss({connectionString: postgresUrl(directory)})
  boss.on('error', error => console.error(`pg-boss: ${error.message}`))
  await boss.start()
  return boss
}

class OpenPgBoss implements OpenPeer {
  readonly #boss: PgBoss
  readonly #directory: string

  constructor(boss: PgBoss, directory: string) {
    this.#boss = boss
    this.#directory = directory
  }

  async produceOne(payload: Payload): Promise<void> {
    await this.#boss.send(NAME, payload)
  }

  async produceMany(payloads: readonly Payload[]): Promise<void> {
    await this.#boss.insert(NAME, payloads.map(data => ({data})))
  }

  async consume(work: (n: number) => void, stop: AbortSignal): Promise<void> {
    await this.#boss.work<Payload>(NAME, {batchSize: BATCH, burstWhenBatchFull: true}, async jobs => {
      for (const {data} of jobs) work(data.n)
    })
    await aborted(stop)
    await this.#boss.offWork(NAME)
  }

  left(): Promise<number> {
    return askPostgres(this.#directory, `SELECT count(*) FROM pgboss.job WHERE state < 'completed'`)
  }

  close(): Promise<void> {
    return this.#boss.stop()
  }
}

export const peer: Peer = new PgBossPeer()
