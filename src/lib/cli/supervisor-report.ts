import {fullName, type Supervised} from '../supervisor/client.ts'
import type {Change} from '../supervisor/operate.ts'
import type {Printer} from './print.ts'

/**
 * Prints what became of processes.
 * @returns the exit status: 1 when one did not start
 */
export function printChanges(changes: readonly Change[], print: Printer): number {
  print.result({changes: changes.map(({name, done, state, pid, why}) => ({name, done, state, pid, why}))}, () => {
    if (changes.length === 0) print.note('nothing to do')
    return changes.map(change => `${change.name}: ${changeSentence(change)}`)
  })
  return changes.some(({done}) => done === 'failed') ? 1 : 0
}

/** What would be done to processes. */
export interface Rehearsal {
  readonly start?: readonly Supervised[]
  readonly stop?: readonly Supervised[]
  readonly restart?: readonly Supervised[]
}

/** Prints what would be done. */
export function printRehearsal(rehearsal: Rehearsal, print: Printer): void {
  const would = (['start', 'stop', 'restart'] as const).flatMap(verb => (rehearsal[verb] ?? []).map(process => ({name: fullName(process), would: verb})))
  print.result({dry_run: true, changes: would}, () => {
    print.note('nothing was changed')
    return would.map(({name, would: verb}) => `would ${verb} ${name}`)
  })
}

/** What became of a process, in words that follow its name. */
export function changeSentence({done, state, pid, why}: Change): string {
  const who = pid === null ? '' : ` (pid ${pid})`
  if (done === 'failed') return `does not start (${state})${why === null ? '' : `: ${why}`}`
  if (done === 'ended') return `ended${who}: an earlier supervisord had left it here`
  if (done === 'unchanged') return pid === null ? 'was not running' : `is running${who}`
  return `${done}${who}`
}
