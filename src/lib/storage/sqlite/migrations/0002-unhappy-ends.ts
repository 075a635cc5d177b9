/**
 * Failed and cancelled jobs by id: lists of them are read page by page, however many there are and however many jobs came after
 * them. Jobs that end well are not in it, so the happy path pays nothing.
 */
export const unhappyEndsSchema = `
CREATE INDEX job_unhappy ON job (state, id, queue_id) WHERE state >= 5;
`
