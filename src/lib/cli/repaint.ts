import {Changes} from '../queue/changes.ts'
import type {Storage} from '../storage/storage.ts'
import {formatTime} from '../time-parse.ts'
import {sleep, systemClock} from '../time.ts'
import type {Printer} from './print.ts'
import {endWithReader} from './reader-gone.ts'

/** Home, and clear what was below. */
const CLEAR = '\u001b[H\u001b[J'
const REDRAW_MS = 2000

/** What watching needs. */
export interface Watching {
  readonly storage: Storage
  readonly print: Printer
  readonly signal: AbortSignal
  /** How long to leave what was drawn, at least. */
  readonly pauseMs: number
}

/**
 * Draws again until the signal, soon after every change and at the latest every two seconds: ages move on. A terminal is cleared before.
 * @param draw told whether it draws on a terminal; elsewhere it may leave out what has not changed
 */
export async function repaint({storage, print, signal, pauseMs}: Watching, draw: (isScreen: boolean) => Promise<void>): Promise<never> {
  const isScreen = print.width !== null && !print.isMachine
  const changes = new Changes(storage)
  const unwatch = await endWithReader()
  try {
    for (;;) {
      if (isScreen) print.raw(`${CLEAR}${print.paint.dim(`${formatTime(systemClock.wallNow())}  Ctrl-C ends it`)}\n`)
      await draw(isScreen)
      await sleep(pauseMs, signal)
      await changes.next(REDRAW_MS, signal)
    }
  } finally {
    unwatch()
    changes.stop()
  }
}
