// A queue as people write it in an afternoon, with one flaw each: the auditor has to find every one of them.
// broken-queue.ts DB FLAW fill N · work HANDLER · show
import {spawn} from 'node:child_process'
import {writeSync} from 'node:fs'
import {DatabaseSync} from 'node:sqlite'
import type {FinalJob} from '../auditor.ts'

/** `none` is the same queue without a flaw, which the auditor has to let pass. */
export const FLAWS = ['none', 'racy_claim', 'deferred_claim', 'unfenced_ack', 'delete_on_claim', 'no_rescue', 'unsynced'] as const
type Flaw = (typeof FLAWS)[number]

const LEASE_MS = 300
/** Between the look at a job and the taking of it, where others can come in between. */
const GAP_MS = 20

interface Claimed {
  readonly id: number
  readonly fence: number
}

class BrokenQueue {
  readonly #db: DatabaseSync
  readonly #flaw: Flaw

  constructor(path: string, flaw: Flaw) {
    this.#db = new DatabaseSync(path, {timeout: 10_000})
    this.#flaw = flaw
    this.#db.exec(`
      PRAGMA journal_mode = WAL; PRAGMA synchronous = ${flaw === 'unsynced' ? 'OFF' : 'FULL'};
      CREATE TABLE IF NOT EXISTS job (id INTEGER PRIMARY KEY, payload TEXT, state TEXT DEFAULT 'pending', fence INTEGER DEFAULT 0, until REAL DEFAULT 0);
      CREATE TABLE IF NOT EXISTS ack (id INTEGER, fence INTEGER)`)
  }

  fill(count: number): void {
    for (let i = 0; i < count; i++) {
      const {lastInsertRowid} = this.#db.prepare('INSERT INTO job (payload) VALUES (?)').run(`payload ${i}`)
      writeSync(1, `${lastInsertRowid}\n`)
    }
  }

  async claim(): Promise<Claimed | null> {
    switch (this.#flaw) {
      case 'racy_claim':
        return this.#claimInTwoSteps()
      case 'deferred_claim':
        return this.#claimDeferred()
      default:
        return this.#claimAtOnce()
    }
  }

  /** True when the success was accepted. */
  ack({id, fence}: Claimed): void {
    const fenced = this.#flaw === 'unfenced_ack' ? '' : ' AND fence = ?'
    const values = fenced === '' ? [id] : [id, fence]
    const {changes} = this.#db.prepare(`UPDATE job SET state = 'done' WHERE id = ?${fenced}`).run(...values)
    if (changes === 1) this.#db.prepare('INSERT INTO ack VALUES (?, ?)').run(id, fence)
  }

  get isOver(): boolean {
    const open = this.#flaw === 'no_rescue' ? "state = 'pending'" : "state <> 'done'"
    return this.#db.prepare(`SELECT 1 FROM job WHERE ${open} LIMIT 1`).get() === undefined
  }

  show(): FinalJob[] {
    const jobs = this.#db.prepare('SELECT id, state, payload, fence FROM job').all() as unknown as Omit<FinalJob, 'acked'>[]
    const acks = this.#db.prepare('SELECT id, fence FROM ack').all() as unknown as Claimed[]
    return jobs.map(job => ({...job, acked: acks.filter(({id}) => id === job.id).map(({fence}) => fence)}))
  }

  #candidate(): number | null {
    // Only the flaw of acks is shown with leases that end; a sound queue with so short ones would have to extend them.
    const rescue = this.#flaw === 'unfenced_ack' ? `OR (state = 'processing' AND until < ${Date.now()})` : ''
    const row = this.#db.prepare(`SELECT id FROM job WHERE state = 'pending' ${rescue} ORDER BY id LIMIT 1`).get()
    return row === undefined ? null : Number(row['id'])
  }

  #take(id: number): Claimed {
    const sql = "UPDATE job SET state = 'processing', fence = fence + 1, until = ? WHERE id = ? RETURNING fence"
    const row = this.#db.prepare(sql).get(Date.now() + LEASE_MS, id)
    if (this.#flaw === 'delete_on_claim') this.#db.prepare('DELETE FROM job WHERE id = ?').run(id)
    return {id, fence: Number(row?.['fence'])}
  }

  async #claimInTwoSteps(): Promise<Claimed | null> {
    const id = this.#candidate()
    await Bun.sleep(GAP_MS)
    return id === null ? null : this.#take(id)
  }

  /** A transaction that reads before it writes fails when another one wrote meanwhile; repeating only the write then is the fault. */
  async #claimDeferred(): Promise<Claimed | null> {
    this.#db.exec('BEGIN')
    const id = this.#candidate()
    await Bun.sleep(GAP_MS)
    if (id === null) {
      this.#db.exec('ROLLBACK')
      return null
    }
    try {
      const claimed = this.#take(id)
      this.#db.exec('COMMIT')
      return claimed
    } catch {
      this.#db.exec('ROLLBACK')
      return this.#take(id)
    }
  }

  #claimAtOnce(): Claimed | null {
    this.#db.exec('BEGIN IMMEDIATE')
    const id = this.#candidate()
    const claimed = id === null ? null : this.#take(id)
    this.#db.exec('COMMIT')
    return claimed
  }
}

async function work(queue: BrokenQueue, handler: string): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!queue.isOver && Date.now() < deadline) {
    const claimed = await queue.claim()
    if (claimed === null) await Bun.sleep(10)
    else if (await run(handler, claimed)) queue.ack(claimed)
  }
}

function run(handler: string, {id, fence}: Claimed): Promise<boolean> {
  const own = {QCTL_JOB_ID: String(id), QCTL_ATTEMPT: String(fence), QCTL_FENCE: String(fence)}
  const child = spawn(handler, {env: {...process.env, ...own}, stdio: 'ignore'})
  return new Promise(resolve => child.on('exit', code => resolve(code === 0)))
}

if (import.meta.main) {
  const [path = '', flaw, verb, argument = ''] = process.argv.slice(2)
  const queue = new BrokenQueue(path, FLAWS.find(name => name === flaw) ?? 'none')
  if (verb === 'fill') queue.fill(Number(argument))
  else if (verb === 'work') await work(queue, argument)
  else console.log(JSON.stringify(queue.show()))
}
