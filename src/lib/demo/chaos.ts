/** Kills consumers at random, as nothing else in qctl would. */
import {sleep} from '../time.ts'
import type {Crew, CrewMember} from './crew.ts'

const SHORTEST_PAUSE_MS = 800
const LONGEST_PAUSE_MS = 2400

/**
 * Kills one consumer after the other with SIGKILL, until the signal.
 * @param onKilled told of each
 */
export async function wreakHavoc(crew: Crew, onKilled: (victim: CrewMember) => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(SHORTEST_PAUSE_MS + Math.random() * (LONGEST_PAUSE_MS - SHORTEST_PAUSE_MS), signal)
    const consumers = signal.aborted ? [] : await crew.consumers()
    const victim = consumers[Math.floor(Math.random() * consumers.length)]
    if (victim !== undefined && kill(victim)) onKilled(victim)
  }
}

function kill({pid}: CrewMember): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false
  }
}
