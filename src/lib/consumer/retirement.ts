import {monotonicMs} from '../time.ts'

export interface RetirementLimits {
  /** `null` or absent = none. */
  readonly maxAgeMs?: number | null | undefined
  readonly maxRssBytes?: number | null | undefined
}

/** Why a fresh process should take over. */
export type RetirementReason = 'max_age' | 'max_rss'

/** Memory does not change so fast that it is worth asking more often. */
const LOOK_EVERY_MS = 500

/** Says when a consumer is too old or has grown too big. */
export class Retirement {
  readonly #limits: RetirementLimits
  readonly #bornAt = monotonicMs()
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(limits: RetirementLimits) {
    this.#limits = limits
  }

  /** @returns `null` as long as there is none; to be asked again and again */
  get reason(): RetirementReason | null {
    const {maxAgeMs, maxRssBytes} = this.#limits
    const now = monotonicMs()
    if (now - this.#lookedAt < LOOK_EVERY_MS) return null
    this.#lookedAt = now
    if (maxAgeMs != null && now - this.#bornAt >= maxAgeMs) return 'max_age'
    return maxRssBytes != null && process.memoryUsage.rss() > maxRssBytes ? 'max_rss' : null
  }
}
