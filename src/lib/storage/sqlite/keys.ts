import type {QueueRow} from './queue-rows.ts'
import type {Transaction} from './transaction.ts'

/** The job that holds a key at a time: an unfinished one, or a finished one within the key window. */
export const KEY_HOLDER = 'SELECT job_id, free_at FROM job_key WHERE queue_id = ? AND key = ? AND (free_at IS NULL OR free_at > ?)'
export const HOLD_KEY = `
INSERT INTO job_key (queue_id, key, job_id, free_at) VALUES (?, ?, ?, NULL)
ON CONFLICT (queue_id, key) DO UPDATE SET job_id = excluded.job_id, free_at = NULL`
/** ?1 queue, ?2 key, ?3 job, ?4 when it gets free. Only the holder's end starts the window. */
const START_WINDOW = 'UPDATE job_key SET free_at = ?4 WHERE queue_id = ?1 AND key = ?2 AND job_id = ?3'
const HELD_BY_OTHER = `
SELECT 1 FROM job_key k JOIN job j ON j.id = k.job_id
WHERE k.queue_id = ?1 AND k.key = ?2 AND k.job_id <> ?3 AND k.free_at IS NULL`
const RELEASE = 'DELETE FROM job_key WHERE queue_id = ? AND key = ? AND job_id = ? AND free_at IS NULL'

/** The job ended: its key stays held for the queue's key window from now. */
export function keepKey(tx: Transaction, queue: QueueRow, key: string, jobId: number): void {
  tx.db.run(START_WINDOW, queue.id, key, jobId, tx.now + queue.settings.keyWindowMs)
}

/**
 * The job becomes unfinished again and takes its key back, also from a finished one.
 * @returns false when another unfinished job holds it
 */
export function holdKeyAgain(tx: Transaction, queueId: number, key: string, jobId: number): boolean {
  if (tx.db.number(HELD_BY_OTHER, queueId, key, jobId) !== null) return false
  tx.db.run(HOLD_KEY, queueId, key, jobId)
  return true
}

/** The job goes before it finished: its key is free at once. */
export function releaseKey(tx: Transaction, queueId: number, key: string, jobId: number): void {
  tx.db.run(RELEASE, queueId, key, jobId)
}
