/** What a handler written in TypeScript throws to say more than "failed". */
import {parseDuration} from '../time.ts'

/** The job can never succeed: failed now, whatever attempts are left. */
export class Permanent extends Error {
  override readonly name = 'Permanent'
}

/** Not now: later, without spending an attempt. */
export class Snooze extends Error {
  override readonly name = 'Snooze'
  /** `null` = by the queue's backoff. */
  readonly delayMs: number | null

  /**
   * @param delay as in `10m`; absent = by the queue's backoff
   * @throws QctlError `usage` when it is not a duration
   */
  constructor(delay?: string) {
    super(delay === undefined ? 'snoozed' : `snoozed for ${delay}`)
    this.delayMs = delay === undefined ? null : parseDuration(delay)
  }
}
