import {openMemoryStorage} from '../../src/lib/storage/open.ts'
import type {Storage} from '../../src/lib/storage/storage.ts'
import {FakeClock} from '../storage/contract/clock.ts'
import {Random} from './random.ts'
import type {Tally} from './tally.ts'
import {VirtualTime} from './virtual-time.ts'
import {World} from './world.ts'

/** Preparing the engine's statements takes longer than many a world lasts, so one store serves many worlds, one after the other. */
const WORLDS_PER_STORE = 100

/** Plays the histories of seeds. */
export class Simulation {
  readonly #log: (line: () => string) => void
  readonly #clock = new FakeClock()
  #storage: Storage | null = null
  #worlds = 0

  /** @param log told of all that happens, as it happens */
  constructor(log: (line: () => string) => void = () => {}) {
    this.#log = log
  }

  /**
   * Plays the history of one seed.
   * @throws what was wrong in it
   */
  async play(seed: number): Promise<Tally> {
    const storage = await this.#emptyStorage()
    try {
      return await inTurn(() => this.#live(seed, storage))
    } catch (error) {
      // What was going on in it may never end now.
      void this.#storage?.close()
      this.#storage = null
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#storage?.close()
    this.#storage = null
  }

  #live(seed: number, storage: Storage): Tally {
    const random = new Random(seed)
    const time = new VirtualTime(random, this.#clock)
    const end = time.rule()
    try {
      const world = new World(time, random, storage, this.#log)
      world.play()
      world.clear()
      return world.tally
    } finally {
      end()
    }
  }

  async #emptyStorage(): Promise<Storage> {
    if (this.#worlds % WORLDS_PER_STORE === 0) await this.close()
    this.#worlds += 1
    this.#storage ??= await openMemoryStorage(this.#clock)
    return this.#storage
  }
}

/** Does something in a turn of its own: promises can be made to go on from within, but not while one of them does. */
function inTurn<T>(action: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        resolve(action())
      } catch (error) {
        reject(error)
      }
    })
  })
}
