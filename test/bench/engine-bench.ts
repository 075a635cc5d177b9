import {Queue} from '../../src/lib/queue/queue.ts'
import {openStorage} from '../../src/lib/storage/open.ts'
import type {Storage} from '../../src/lib/storage/storage.ts'
import {assertEach, assertLeft, type Left} from './jobs.ts'
import {Recorder, type Recording, Replay} from './recording.ts'
import {copyOf, newPath, removeDatabase} from './scratch.ts'
import {perSecond} from './statistics.ts'
import type {Figures} from './workload.ts'

export type Durability = 'full' | 'normal'

/** An open database. */
export interface Store {
  readonly path: string
  readonly storage: Storage
  readonly queue: Queue
}

/** A piece of work of one process. */
export interface EngineWork<Seed> {
  readonly durability: Durability
  /** How many jobs it deals with. */
  readonly jobs: number
  /** Fills the file that each measurement starts from, and makes ready what the work needs. Not measured. */
  readonly seed: (store: Store) => Promise<Seed>
  /** What is measured. Returns the ids of the jobs it dealt with. */
  readonly work: (store: Store, seed: Seed) => Promise<readonly number[]>
  /** What the file holds afterwards. */
  readonly leaves: Left
}

/** Opens a database file; makes it with that durability when it is missing. */
export async function openStore(path: string, durability: Durability = 'full'): Promise<Store> {
  const storage = await openStorage(path, {create: true, durability})
  return {path, storage, queue: new Queue(storage)}
}

/** The engine's work as qctl does it and as bare node:sqlite does it: figure `rate`, jobs per second. */
export class EngineBench<Seed> {
  readonly #name: string
  readonly #work: EngineWork<Seed>
  #ready: {readonly start: string; readonly seed: Seed; readonly recording: Recording} | null = null

  /** @param name for complaints */
  constructor(name: string, work: EngineWork<Seed>) {
    this.#name = name
    this.#work = work
  }

  /** Makes the file to start from, and records the work once. */
  async prepare(): Promise<void> {
    const start = newPath()
    const first = await openStore(start, this.#work.durability)
    const seed = await this.#work.seed(first)
    await first.storage.close()
    this.#ready = {start, seed, recording: await this.#record(start, seed)}
  }

  /** The work through the library. */
  async qctl(): Promise<Figures> {
    const {start, seed} = this.#assertReady()
    const store = await openStore(copyOf(start))
    return this.#measure(store, () => this.#work.work(store, seed))
  }

  /** The same statements in a bare loop. */
  async same(): Promise<Figures> {
    const {start, recording} = this.#assertReady()
    const path = copyOf(start)
    const replay = new Replay(path, recording)
    const from = performance.now()
    replay.run()
    const ms = performance.now() - from
    replay.close()
    this.#check(path)
    return {rate: perSecond(this.#work.jobs, ms)}
  }

  async finish(): Promise<void> {
    removeDatabase(this.#assertReady().start)
    this.#ready = null
  }

  async #record(start: string, seed: Seed): Promise<Recording> {
    const recorder = new Recorder()
    recorder.start()
    try {
      const store = await openStore(copyOf(start))
      const opening = recorder.take()
      await this.#measure(store, () => this.#work.work(store, seed), () => recorder.stop())
      return {opening, work: recorder.take()}
    } finally {
      recorder.stop()
    }
  }

  async #measure(store: Store, work: () => Promise<readonly number[]>, after?: () => void): Promise<Figures> {
    const from = performance.now()
    const ids = await work()
    const ms = performance.now() - from
    after?.()
    await store.storage.close()
    assertEach(ids, this.#work.jobs, this.#name)
    this.#check(store.path)
    return {rate: perSecond(this.#work.jobs, ms)}
  }

  #check(path: string): void {
    assertLeft(path, this.#work.leaves, this.#name)
    removeDatabase(path)
  }

  #assertReady() {
    if (this.#ready === null) throw new TypeError(`${this.#name} was not prepared`)
    return this.#ready
  }
}
