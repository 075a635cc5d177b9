/** What the doctor says: one plain sentence per finding, and what to do about it. */

export const SEVERITIES = ['ok', 'warn', 'fault'] as const
/** How bad it is, the worst last. */
export type Severity = (typeof SEVERITIES)[number]

/** One thing that was looked at. */
export interface Finding {
  /** Machine word for what was looked at. */
  readonly check: string
  readonly severity: Severity
  readonly message: string
  /** What helps; `null` when nothing has to be done. */
  readonly fix: string | null
}

/** A finding that all is well; parameters as the fields of {@link Finding}. */
export function ok(check: string, message: string): Finding {
  return {check, severity: 'ok', message, fix: null}
}

/** A finding that something may go wrong, and what helps. */
export function warn(check: string, message: string, fix: string): Finding {
  return {check, severity: 'warn', message, fix}
}

/** A finding that something is wrong, and what helps: the doctor exits with 1. */
export function fault(check: string, message: string, fix: string): Finding {
  return {check, severity: 'fault', message, fix}
}

/** How bad the worst of them is; `ok` when there is none. */
export function worstOf(findings: readonly Finding[]): Severity {
  return findings.reduce<Severity>((worst, {severity}) => (SEVERITIES.indexOf(severity) > SEVERITIES.indexOf(worst) ? severity : worst), 'ok')
}
