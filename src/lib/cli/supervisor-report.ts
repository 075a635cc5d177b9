import {safeText} from '../safe-text.ts'
import type {Change} from '../supervisor/operate.ts'
import type {Printer} from './print.ts'

/**
 * Prints what became of processes.
 * @returns the exit status: 1 when one did not start
 */
export function printChanges(changes: readonly Change[], print: Printer): number {
  print.result({changes: changes.map(({name, done, state, pid, why}) => ({name, done, state, pid, why}))}, () => {
    for (const change of changes) print.line(safeText(`${change.name}: ${sentenceOf(change)}`))
    if (changes.length === 0) print.note('nothing to do')
  })
  return changes.some(({done}) => done === 'failed') ? 1 : 0
}

function sentenceOf({done, state, pid, why}: Change): string {
  const who = pid === null ? '' : ` (pid ${pid})`
  if (done === 'failed') return `does not start (${state})${why === null ? '' : `: ${why}`}`
  if (done === 'ended') return `ended${who}: an earlier supervisord had left it here`
  if (done === 'unchanged') return pid === null ? 'was not running' : `is running${who}`
  return `${done}${who}`
}
