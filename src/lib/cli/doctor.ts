import {type Finding, worstOf} from '../doctor/finding.ts'
import {safeText} from '../safe-text.ts'
import type {FlagTable} from './flags.ts'
import type {Printer} from './print.ts'
import {parseSpan} from './values.ts'

/** For `doctor`. */
export const DOCTOR_FLAGS = {
  full: {kind: 'switch', summary: 'read all of the database: every index entry and every payload'},
  torture: {
    kind: 'value',
    shape: 'DURATION',
    parse: parseSpan,
    summary: 'kill real producers and consumers at random for so long, on a database of their own beside this one, and prove that nothing was lost',
  },
} as const satisfies FlagTable

const PAINT = {ok: 'green', warn: 'yellow', fault: 'red'} as const

/** Prints the findings, the worst last, where the eye is. */
export function printFindings(findings: readonly Finding[], print: Printer): void {
  const worst = worstOf(findings)
  print.result({worst, findings: findings.map(({check, severity, message, fix}) => ({check, severity, message, fix}))}, () => {
    for (const severity of ['ok', 'warn', 'fault'] as const) {
      for (const finding of findings.filter(one => one.severity === severity)) printFinding(finding, print)
    }
  })
  if (worst === 'fault') process.exitCode = 1
}

function printFinding({severity, message, fix}: Finding, print: Printer): void {
  print.line(`${print.paint[PAINT[severity]](severity.padEnd(5))}  ${safeText(message)}`)
  if (fix !== null) print.line(`       fix: ${safeText(fix)}`)
}
