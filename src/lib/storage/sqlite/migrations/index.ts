import {queueSchema} from './0001-queue.ts'
import {unhappyEndsSchema} from './0002-unhappy-ends.ts'

/** Every migration in order; number n takes the schema from version n−1 to n. Append only. */
export const MIGRATIONS: readonly string[] = [queueSchema, unhappyEndsSchema]
