/** What the default export of a module for `consume --module` is. */
import type {FunctionJob, JobContext} from './function.ts'

/** What the function is given beside its job. */
export interface HandlerContext extends JobContext {
  /** Prints on the run's stdout, as `console.log` does. */
  readonly log: (...data: readonly unknown[]) => void
}

/**
 * Does one job: `export default (async (job, {signal}) => …) satisfies Handler`. What it returns is the job's result, 1 MiB at most: nothing,
 * text or bytes as they are, anything else as JSON. One that is larger fails the job for good. A throw is a failed attempt; see `Permanent`
 * and `Snooze`.
 */
export type ModuleHandler = (job: FunctionJob, context: HandlerContext) => unknown
