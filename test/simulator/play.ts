/** Plays seeds one after the other: in this process, or in several at once. */
import {availableParallelism} from 'node:os'
import {Simulation} from './simulation.ts'
import {addTally, emptyTally, type Tally} from './tally.ts'

export interface Seeds {
  readonly from: number
  readonly count: number
}

export interface Failure {
  readonly seed: number
  readonly error: string
}

/** What came of some seeds. */
export interface Played {
  readonly seeds: number
  readonly tally: Tally
  readonly failures: readonly Failure[]
  /** What it cost, whatever else this machine was doing. */
  readonly cpuMs: number
}

/** After so many a report is due. */
const SEEDS_PER_REPORT = 50

/**
 * @param onProgress told now and then of what was played since the last time
 */
export async function playHere({from, count}: Seeds, onProgress: (played: Played) => void): Promise<void> {
  const simulation = new Simulation()
  for (let first = from; first < from + count; first += SEEDS_PER_REPORT) {
    const failures: Failure[] = []
    const tally = emptyTally()
    const before = process.cpuUsage()
    const seeds = Math.min(SEEDS_PER_REPORT, from + count - first)
    for (let seed = first; seed < first + seeds; seed += 1) {
      try {
        addTally(tally, await simulation.play(seed))
      } catch (error) {
        failures.push({seed, error: String(error)})
      }
    }
    const {user, system} = process.cpuUsage(before)
    onProgress({seeds, tally, failures, cpuMs: (user + system) / 1000})
  }
  await simulation.close()
}

/** Processes that play. */
export interface Players {
  readonly processes: number
  /** The arguments that make this runtime play the seeds named after them, a report per line. */
  readonly program: readonly string[]
  /** Ends them early; what they reported counts. */
  readonly stop: AbortSignal
}

/** The same in several processes, each with a part of the seeds. */
export async function playInParts({from, count}: Seeds, players: Players, onProgress: (played: Played) => void): Promise<void> {
  const {processes} = players
  const size = Math.ceil(count / processes)
  const parts = Array.from({length: processes}, (_, i) => ({from: from + i * size, count: Math.min(size, count - i * size)}))
  await Promise.all(parts.filter(part => part.count > 0).map(part => playElsewhere(part, players, onProgress)))
}

async function playElsewhere({from, count}: Seeds, {program, stop}: Players, onProgress: (played: Played) => void): Promise<void> {
  const child = Bun.spawn([process.execPath, ...program, '--from', String(from), '--seeds', String(count)], {stdout: 'pipe', stderr: 'inherit', signal: stop})
  let rest = ''
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = `${rest}${text}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onProgress(JSON.parse(line) as Played)
  }
  const status = await child.exited
  if (status !== 0 && !stop.aborted) throw new Error(`the process that played the seeds from ${from} ended with ${status}`)
}

export function defaultProcesses(): number {
  return availableParallelism()
}
