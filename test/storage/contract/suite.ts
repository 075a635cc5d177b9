import {describe, expect, test} from 'bun:test'
import type {Storage} from '../../../src/lib/storage/storage.ts'
import type {Clock} from '../../../src/lib/time.ts'
import {Bench} from './bench.ts'
import {contractSentences} from './sentences.ts'

/** A fresh, empty store of the engine under test. What only the engine's own test can do to its store is optional. */
export interface Store {
  readonly storage: Storage
  /** Another handle on the same store; its clock if another one is given. */
  reopen(clock?: Clock): Promise<Storage>
  /** Changes a byte of the stored payload behind the engine's back. */
  damagePayload?(id: number): Promise<void>
  /** How many rows are kept of a job beside its own, also of one that is gone. */
  traces(id: number): Promise<number>
  /** A number that grows with every write to the store, by anyone. */
  writes?(): Promise<number>
  /** Takes the store away from under its handles. */
  vanish?(): Promise<void>
  /** Closes every handle and removes the store. */
  close(): Promise<void>
}

export type OpenStore = (clock: Clock) => Promise<Store>

/** What an engine is by nature, where the contract speaks of some engines only. */
export interface EngineTraits {
  /** The store belongs to one running kernel at a time: leases die with their boot, another host is refused. */
  readonly oneKernel: boolean
}

/** For a machine that is busy with other things; what hangs is named by `soon` long before. */
const PATIENCE_MS = 120_000

export type Proof = (bench: Bench) => Promise<void>

export type Ability = 'damagePayload' | 'writes' | 'vanish'

/** Collects the proofs of the contract's sentences for one engine. */
export class Suite {
  readonly traits: EngineTraits
  readonly #open: OpenStore
  readonly #proved = new Set<string>()
  readonly #abilities: ReadonlySet<Ability>

  constructor(open: OpenStore, traits: EngineTraits, abilities: readonly Ability[]) {
    this.#open = open
    this.traits = traits
    this.#abilities = new Set(abilities)
  }

  /**
   * Proves one sentence of the contract.
   * @param text the sentence, word for word
   * @param proofs one test, or several named by the aspect they prove
   */
  sentence(text: string, proofs: Proof | Readonly<Record<string, Proof>>): void {
    this.#proved.add(text)
    if (typeof proofs === 'function') return this.#test(text, proofs)
    describe(text, () => {
      for (const [aspect, proof] of Object.entries(proofs)) this.#test(aspect, proof)
    })
  }

  /** Like `sentence`, for a proof that needs something only the engine's own test can do; without it a visible gap. */
  sentenceNeeding(ability: Ability, text: string, proofs: Proof | Readonly<Record<string, Proof>>): void {
    if (this.#abilities.has(ability)) return this.sentence(text, proofs)
    this.#proved.add(text)
    test.skip(`${text} (needs ${ability})`, () => {})
  }

  /** The last test: contract and tests name the same sentences. */
  comparesWithContract(): void {
    test('every sentence of the contract has a test, and every test has a sentence', () => {
      const written = contractSentences()
      expect(written.filter(sentence => !this.#proved.has(sentence))).toEqual([])
      expect([...this.#proved].filter(sentence => !written.includes(sentence))).toEqual([])
    })
  }

  #test(name: string, proof: Proof): void {
    test(name, async () => {
      const bench = await Bench.open(this.#open)
      try {
        await proof(bench)
      } finally {
        await bench.close()
      }
    }, PATIENCE_MS)
  }
}
