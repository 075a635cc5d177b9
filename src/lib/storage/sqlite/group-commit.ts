import {QctlError} from '../../errors.ts'
import {type Clock, monotonicMs, nextTurn, sleep} from '../../time.ts'
import {type Connection, isBusy} from './connection.ts'
import {Transaction} from './transaction.ts'

/** The order in which the calls of one commit run: what ends jobs first, so that it makes room for claims, then additions. */
export type Rank = 'settle' | 'change' | 'claim' | 'enqueue'
const RANKS: readonly Rank[] = ['settle', 'change', 'claim', 'enqueue']

/** A write somebody waits for. */
interface Call {
  readonly rank: Rank
  /** Runs inside the transaction; its value is what the caller gets after the commit. */
  readonly run: (tx: Transaction) => unknown
  /** Says, without writing, whether running it would write anything; `null` = not known, run it. */
  readonly probe: (() => unknown) | null
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Many calls of one verb that run as one: their items joined, the answers handed back to each. */
interface Batch<Item, Answer> {
  readonly items: Item[]
  readonly callers: {readonly start: number; readonly count: number; readonly call: PromiseWithResolvers<readonly Answer[]>}[]
}

/**
 * How long to wait on average before trying again for the write lock: long enough that whoever has it makes several commits in a
 * row with a warm cache, and with jitter, so that nobody is always late (fractaledmind.github.io, 2023-12-11).
 */
const EAGER_WAIT_MS = {first: 3, longest: 15} as const
/**
 * Consumers stand back for those who add or change jobs, each with somebody waiting: meanwhile more comes together for one commit
 * of theirs. Without this eight consumers took most of the commits, each for a job or two, from two producers.
 */
const POLITE_WAIT_MS = {first: 8, longest: 80} as const
/** Nobody stands back for ever. */
const POLITE_FOR_MS = 1000
/** Who waits long has many beside him: fifty that try every few ms leave little of the processor to whoever has the lock. */
const WAIT_GROWTH = 1.5

/** Of commits in quick succession, the look after one is the look before the next: each costs as much as a statement. */
const FRESH_MS = 1

/**
 * Puts all writes asked for in one turn of the event loop into one transaction: one fsync pays for all of them.
 * A call that fails alone fails only its caller: the transaction is rolled back and every call gets its own savepoint.
 */
export class GroupCommit {
  readonly #db: Connection
  readonly #clock: Clock
  readonly #lockTimeoutMs: number
  readonly #onCommit: () => void
  #calls: Call[] = []
  #draining: Promise<void> | null = null

  /**
   * @param lockTimeoutMs how long to wait for the database's write lock
   * @param onCommit called after each commit
   */
  constructor(db: Connection, clock: Clock, lockTimeoutMs: number, onCommit: () => void) {
    this.#db = db
    this.#clock = clock
    this.#lockTimeoutMs = lockTimeoutMs
    this.#onCommit = () => {
      try {
        onCommit()
      } catch (error) {
        // Somebody's listener failed. It must not stop the writing; the process hears of it as of any stray error.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  /**
   * Runs a write in the next commit.
   * @param probe when given and it returns a value other than `undefined`, and nothing else has to be written, that value is the answer
   * @returns what `run` returned, once it is committed
   * @throws QctlError `busy` (nothing stored), `outcome_unknown`, or what `run` threw
   */
  submit<T>(rank: Rank, run: (tx: Transaction) => T, probe: (() => T | undefined) | null = null): Promise<T> {
    const {promise, resolve, reject} = Promise.withResolvers<T>()
    this.#calls.push({rank, run, probe, resolve: value => resolve(value as T), reject})
    this.#draining ??= this.#drain()
    return promise
  }

  /** Resolves when nothing is left to write. */
  async idle(): Promise<void> {
    while (this.#draining !== null) await this.#draining
  }

  async #drain(): Promise<void> {
    await nextTurn()
    while (this.#calls.length > 0) {
      const calls = this.#calls.sort((a, b) => RANKS.indexOf(a.rank) - RANKS.indexOf(b.rank))
      this.#calls = []
      await this.#settleCalls(calls)
    }
    this.#draining = null
  }

  async #settleCalls(calls: readonly Call[]): Promise<void> {
    let writing: readonly Call[]
    let results: readonly Result[]
    try {
      writing = this.#answerWithoutWriting(calls)
      if (writing.length === 0) return
      await this.#begin(writing)
      results = this.#runTogether(writing) ?? (await this.#beginAndRunApart(writing))
      this.#db.assertSameFile()
    } catch (error) {
      this.#rollback()
      for (const call of calls) call.reject(error)
      return
    }
    // Outside of the try: from here on it is committed, and nobody may be told otherwise.
    for (const [i, call] of writing.entries()) answer(call, results[i])
    this.#onCommit()
  }

  /** Answers calls that would write nothing, if that is true of all of them; returns those that must run. */
  #answerWithoutWriting(calls: readonly Call[]): readonly Call[] {
    if (calls.some(call => call.probe === null)) return calls
    return calls.filter(call => {
      try {
        const value = call.probe?.()
        if (value === undefined) return true
        call.resolve(value)
      } catch (error) {
        if (isBusy(error)) return true
        call.reject(error)
      }
      return false
    })
  }

  /** BEGIN IMMEDIATE, waiting for the lock without blocking anything else, with jitter, until the deadline. */
  async #begin(calls: readonly Call[]): Promise<void> {
    const start = monotonicMs()
    for (let growth = 1; ; growth *= WAIT_GROWTH) {
      try {
        this.#db.run('BEGIN IMMEDIATE')
        return
      } catch (error) {
        if (!isBusy(error)) throw error
        if (monotonicMs() - start > this.#lockTimeoutMs) throw tooBusy(this.#db.path, this.#lockTimeoutMs, error)
      }
      const waitedMs = monotonicMs() - start
      // Who came meanwhile, a heartbeat for one, waits for this commit, too.
      const {first, longest} = waitedMs < POLITE_FOR_MS && [...calls, ...this.#calls].every(isPatient) ? POLITE_WAIT_MS : EAGER_WAIT_MS
      await sleep(Math.min((0.5 + Math.random()) * Math.min(first * growth, longest), this.#lockTimeoutMs - waitedMs + 1))
    }
  }

  /** All calls in one go; `null` (and rolled back) when one of several failed. */
  #runTogether(calls: readonly Call[]): readonly Result[] | null {
    try {
      const tx = this.#transaction()
      const values = calls.map(call => call.run(tx))
      tx.flush()
      this.#commit()
      return values.map(value => ({ok: true, value}))
    } catch (error) {
      if (calls.length === 1 || !this.#db.inTransaction || isFatal(error)) throw error
      this.#db.run('ROLLBACK')
      return null
    }
  }

  async #beginAndRunApart(calls: readonly Call[]): Promise<readonly Result[]> {
    await this.#begin(calls)
    return this.#runApart(calls)
  }

  /** Each call in a savepoint of its own. */
  #runApart(calls: readonly Call[]): readonly Result[] {
    const results = calls.map((call): Result => {
      this.#db.run('SAVEPOINT caller')
      try {
        const tx = this.#transaction()
        const value = call.run(tx)
        tx.flush()
        this.#db.run('RELEASE caller')
        return {ok: true, value}
      } catch (error) {
        if (!this.#db.inTransaction || isFatal(error)) throw error
        this.#db.exec('ROLLBACK TO caller; RELEASE caller')
        return {ok: false, error}
      }
    })
    this.#commit()
    return results
  }

  /** Nothing is written before: so this is the moment to look whether it goes where it belongs. */
  #commit(): void {
    this.#db.assertSameFile(FRESH_MS)
    this.#db.run('COMMIT')
  }

  #transaction(): Transaction {
    return new Transaction(this.#db, this.#clock)
  }

  #rollback(): void {
    if (!this.#db.inTransaction) return
    try {
      this.#db.exec('ROLLBACK')
    } catch {
      // The error that brought us here is the one to report; SQLite rolls back by itself when it cannot here.
    }
  }
}

function isPatient({rank}: Call): boolean {
  return rank === 'settle' || rank === 'claim'
}

type Result = {readonly ok: true; readonly value: unknown} | {readonly ok: false; readonly error: unknown}

/** I/O errors and a full disk concern the whole commit, not one caller. */
function isFatal(error: unknown): boolean {
  return error instanceof QctlError && (error.code === 'outcome_unknown' || error.code === 'busy')
}

function answer(call: Call, result: Result | undefined): void {
  if (result === undefined) call.reject(new TypeError('a write got no result'))
  else if (result.ok) call.resolve(result.value)
  else call.reject(result.error)
}

function tooBusy(path: string, lockTimeoutMs: number, cause: unknown): QctlError {
  const message = `${path} was busy for more than ${lockTimeoutMs / 1000} s; nothing was stored`
  return new QctlError('busy', message, {hint: 'repeat the command, or wait longer with --lock-timeout', cause})
}

/** Joins calls of one verb made in one turn, so that the engine sees one list. */
export class Joiner<Item, Answer> {
  readonly #commit: GroupCommit
  readonly #rank: Rank
  readonly #run: (tx: Transaction, items: readonly Item[]) => readonly Answer[]
  #open: Batch<Item, Answer> | null = null

  constructor(commit: GroupCommit, rank: Rank, run: (tx: Transaction, items: readonly Item[]) => readonly Answer[]) {
    this.#commit = commit
    this.#rank = rank
    this.#run = run
  }

  /** Adds items to the batch of this turn; resolves to their answers. When the joined run fails, each caller's items run alone. */
  submit(items: readonly Item[]): Promise<readonly Answer[]> {
    const batch = this.#open ?? this.#begin()
    const call = Promise.withResolvers<readonly Answer[]>()
    batch.callers.push({start: batch.items.length, count: items.length, call})
    for (const item of items) batch.items.push(item)
    return call.promise
  }

  #begin(): Batch<Item, Answer> {
    const batch: Batch<Item, Answer> = {items: [], callers: []}
    this.#open = batch
    const joined = this.#commit.submit(this.#rank, tx => {
      this.#open = null
      return this.#run(tx, batch.items)
    })
    joined.then(
      answers => {
        for (const {start, count, call} of batch.callers) call.resolve(answers.slice(start, start + count))
      },
      (error: unknown) => this.#fail(batch, error),
    )
    return batch
  }

  #fail(batch: Batch<Item, Answer>, error: unknown): void {
    if (this.#open === batch) this.#open = null
    if (batch.callers.length === 1 || isFatal(error)) {
      for (const {call} of batch.callers) call.reject(error)
      return
    }
    for (const {start, count, call} of batch.callers) {
      const own = batch.items.slice(start, start + count)
      this.#commit.submit(this.#rank, tx => this.#run(tx, own)).then(call.resolve, call.reject)
    }
  }
}
