/** Whether the demonstration kept its promises: found from the files and from what the handlers wrote down, not from what the queue says of itself. */
import type {State} from '../job.ts'

/** A job as the queue has it in the end. */
export interface EndedJob {
  readonly id: number
  readonly state: State
  readonly fence: number
  /** The path of its file. */
  readonly file: string
}

export interface Evidence {
  readonly ledger: string
  readonly jobs: readonly EndedJob[]
  /** What is in each file that was made, by its path. */
  readonly files: ReadonlyMap<string, string>
}

/** What is wrong, in sentences, and how much there was to judge. */
export interface Proof {
  readonly lost: readonly string[]
  readonly overlaps: readonly string[]
  /** How often a handler was started. */
  readonly runs: number
  /** How often one failed. */
  readonly failures: number
}

interface Line {
  readonly what: string
  readonly id: number
  readonly fence: number
  readonly lock: string
}

const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n/

/** Judges the evidence. */
export function prove({ledger, jobs, files}: Evidence): Proof {
  const lines = ledger.split('\n').filter(line => line !== '').map(readLine)
  const known = new Set(jobs.map(({file}) => file))
  const strays = [...files.keys()].filter(path => !known.has(path)).map(path => `${path} was made and has no job`)
  const count = (what: string): number => lines.filter(line => line.what === what).length
  return {
    lost: [...strays, ...jobs.flatMap(job => faultsOf(job, lines, files))],
    overlaps: [...Map.groupBy(lines, ({id}) => id).values()].flatMap(overlapsOf),
    runs: count('start'),
    failures: count('fail'),
  }
}

function readLine(line: string): Line {
  const [what = '', id, fence, lock = ''] = line.split(' ')
  return {what, id: Number(id), fence: Number(fence), lock}
}

function faultsOf({id, state, fence, file}: EndedJob, lines: readonly Line[], files: Evidence['files']): readonly string[] {
  if (state === 'pending' || state === 'processing') return [`job ${id} is ${state} still`]
  if (state !== 'done') return []
  if (!STAMP.test(files.get(file) ?? '')) return [`job ${id} is done, and ${file} has no stamp`]
  const isWritten = lines.some(line => line.what === 'done' && line.id === id && line.fence === fence)
  return isWritten ? [] : [`job ${id} is done, and its last handler did not say so`]
}

/** Of one job: a handler that began while another one ran, or whose predecessor's processes were alive. */
function overlapsOf(lines: readonly Line[]): readonly string[] {
  return lines.flatMap((line, at) => {
    if (line.what !== 'start') return []
    const running = lines.slice(0, at).some(({what, fence}) => what === 'start' && lines.slice(at).some(later => later.what !== 'start' && later.fence === fence && fence !== line.fence))
    return running || line.lock === 'held' ? [`job ${line.id} was run by two at once (run ${line.fence})`] : []
  })
}
