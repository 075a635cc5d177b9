import {monotonicMs} from '../time.ts'

export interface RetirementLimits {
  /** `null` or absent = none. */
  readonly maxAgeMs?: number | null | undefined
  readonly maxRssBytes?: number | null | undefined
}

/** Why a fresh process should take over. */
export type RetirementReason =
  | {readonly why: 'max_age'; readonly ageMs: number; readonly limitMs: number}
  | {readonly why: 'max_rss'; readonly rssBytes: number; readonly limitBytes: number}

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
    const now = monotonicMs()
    if (now - this.#lookedAt < LOOK_EVERY_MS) return null
    this.#lookedAt = now
    return this.#tooOld(now - this.#bornAt) ?? this.#tooBig()
  }

  #tooOld(ageMs: number): RetirementReason | null {
    const {maxAgeMs: limitMs} = this.#limits
    return limitMs != null && ageMs >= limitMs ? {why: 'max_age', ageMs: Math.round(ageMs), limitMs} : null
  }

  #tooBig(): RetirementReason | null {
    const {maxRssBytes: limitBytes} = this.#limits
    if (limitBytes == null) return null
    const rssBytes = ownResidentBytes()
    return rssBytes > limitBytes ? {why: 'max_rss', rssBytes, limitBytes} : null
  }
}

/** 0 when it cannot be told: that takes a descriptor, and there may be none left. */
function ownResidentBytes(): number {
  try {
    return process.memoryUsage.rss()
  } catch {
    return 0
  }
}
