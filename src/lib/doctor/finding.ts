/** What the doctor says: one plain sentence per finding, and what to do about it. */

export const SEVERITIES = ['ok', 'warn', 'fault'] as const
export type Severity = (typeof SEVERITIES)[number]

export interface Finding {
  /** Machine word for what was looked at. */
  readonly check: string
  readonly severity: Severity
  readonly message: string
  /** What helps; `null` when nothing has to be done. */
  readonly fix: string | null
}

export function ok(check: string, message: string): Finding {
  return {check, severity: 'ok', message, fix: null}
}

export function warn(check: string, message: string, fix: string): Finding {
  return {check, severity: 'warn', message, fix}
}

export function fault(check: string, message: string, fix: string): Finding {
  return {check, severity: 'fault', message, fix}
}

/** The worst of them. */
export function worstOf(findings: readonly Finding[]): Severity {
  return findings.reduce<Severity>((worst, {severity}) => (SEVERITIES.indexOf(severity) > SEVERITIES.indexOf(worst) ? severity : worst), 'ok')
}
