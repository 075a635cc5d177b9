import {safeText} from '../safe-text.ts'
import {fullName} from '../supervisor/client.ts'
import {lastComplaint} from '../supervisor/log-files.ts'
import type {Change} from '../supervisor/operate.ts'
import type {Printer} from './print.ts'

/**
 * Prints what became of processes.
 * @returns the exit status: 1 when one did not start
 */
export function printChanges(changes: readonly Change[], print: Printer): number {
  print.result({changes: changes.map(changeJson)}, () => {
    for (const change of changes) print.line(safeText(changeLine(change)))
    if (changes.length === 0) print.note('nothing to do')
  })
  return changes.some(({done}) => done === 'failed') ? 1 : 0
}

function changeJson(change: Change): Readonly<Record<string, unknown>> {
  const {process, done} = change
  return {name: fullName(process), done, state: process.state, pid: process.pid, why: whyOf(change)}
}

function changeLine(change: Change): string {
  const {process, done} = change
  const pid = process.pid === null ? '' : ` (pid ${process.pid})`
  const why = whyOf(change)
  if (done === 'failed') return `${fullName(process)}: does not start (${process.state})${why === null ? '' : `: ${why}`}`
  if (done === 'unchanged') return `${fullName(process)}: ${process.pid === null ? 'was not running' : 'is running'}${pid}`
  return `${fullName(process)}: ${done}${pid}`
}

function whyOf({process, done}: Change): string | null {
  return done === 'failed' ? (lastComplaint(process.log) ?? process.spawnError) : null
}
