import {isTerminal} from '../descriptor.ts'
import {stdout} from './papers.ts'

/** Whether keys can be read and a screen be drawn. */
export function isLiveTerminal(): boolean {
  return isTerminal(0) && stdout.isTTY && process.env['TERM'] !== 'dumb'
}
