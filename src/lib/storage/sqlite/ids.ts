/** The highest id ever given: that of a job, or the floor that deleting jobs leaves. So an addition need not write a sequence row. */
export const LAST_ID = 'SELECT max(last_job_id, ifnull((SELECT max(id) FROM job), 0)) FROM store'
/** New ids follow the highest in the table: when that one goes, the floor has to remember it. */
export const RAISE_ID_FLOOR = 'UPDATE store SET last_job_id = ?1 WHERE last_job_id < ?1 AND NOT EXISTS (SELECT 1 FROM job WHERE id > ?1)'
