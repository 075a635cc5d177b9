import type {Storage} from '../storage/storage.ts'
import {after} from '../time.ts'

/** A submission that is over sooner needs no watching; and how often the store is then asked whether it is still there. */
const WATCH_AFTER_MS = 500
const WATCH_MS = 1000

/**
 * Waits for work that may take long, but not longer than the store is there: somebody who waits for input would not notice.
 * @throws what the work throws; the storage's error when its file vanished or was replaced
 */
export async function whileThere<Result>(storage: Pick<Storage, 'watch'>, work: Promise<Result>): Promise<Result> {
  const gone = Promise.withResolvers<never>()
  let end = after(WATCH_AFTER_MS, () => {
    end = storage.watch(error => {
      if (error !== null) gone.reject(error)
    }, WATCH_MS)
  })
  try {
    return await Promise.race([work, gone.promise])
  } finally {
    end()
  }
}
