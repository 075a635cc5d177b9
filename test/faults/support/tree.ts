import {readFileSync} from 'node:fs'
import {waitFor} from '../../support/wait-for.ts'
import type {Marked} from './processes.ts'
import type {Scene} from './scene.ts'

/**
 * Takes no notice of TERM, keeps its output open, and has descendants in sessions of their own, one of them stopped, and one
 * without an environment.
 */
export const TREE = `trap '' TERM; setsid sh -c "trap '' TERM; sleep 61; true" & (setsid sh -c 'kill -STOP $$; sleep 62' &); env -i /bin/sleep 63 & sleep 64; true`
/** Its processes that can be found by their environment. */
const MARKED_SIZE = 5
export const TREE_SIZE = MARKED_SIZE + 1

/** The processes of handlers: all but qctl's own. */
export function handlersOf(scene: Scene): Marked[] {
  return scene.left().filter(({command}) => !command.startsWith(scene.binary))
}

/** Waits until so many trees are complete. Returns the processes that the scene does not find by their environment. */
export async function treesStand(scene: Scene, count = 1): Promise<readonly number[]> {
  return waitFor(() => {
    const bare = bareOf(scene.left().map(({pid}) => pid))
    return handlersOf(scene).length >= count * MARKED_SIZE && bare.length === count ? bare : null
  }, {what: `${count} trees of ${TREE_SIZE} processes stand`})
}

/** Those without an environment: only their parents tell whose they are. */
function bareOf(pids: readonly number[]): number[] {
  return pids.flatMap(childrenOf).filter(pid => textOf(`/proc/${pid}/cmdline`) === '/bin/sleep\0' + '63\0')
}

function childrenOf(pid: number): number[] {
  return textOf(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim()
  } catch {
    return ''
  }
}
