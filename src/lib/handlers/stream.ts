/** `consume --stream`: workers in any language that read jobs and write answers, one JSON object per line. */
import type {WorkerKind} from './workers/worker-process.ts'

/** @param script a line for `/bin/sh -c` */
export function streamWorkers(script: string): WorkerKind {
  return {command: ['/bin/sh', '-c', script], answersOn: 'stdout', endsSingleJobs: false}
}
