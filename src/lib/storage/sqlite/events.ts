import type {Transaction} from './transaction.ts'

const INSERT = `
INSERT INTO event (job_id, fence, at, from_state, to_state, actor, reason)
VALUES (?1, (SELECT fence FROM job WHERE id = ?1), ?2, ?3, ?4, ?5, ?6)`

/** A change of a job that was not the end of its run. States are codes; `null` = the job came or went. */
export interface EventRow {
  readonly jobId: number
  readonly from: number | null
  readonly to: number | null
  readonly actor: string
  readonly reason: string
}

/** Writes an event into the job's history. */
export function recordEvent(tx: Transaction, {jobId, from, to, actor, reason}: EventRow): void {
  tx.db.run(INSERT, jobId, tx.now, from, to, actor, reason)
}
