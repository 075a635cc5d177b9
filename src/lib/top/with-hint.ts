import {QctlError} from '../errors.ts'

/** What an error says, and what to do about it, in one line. */
export function withHint(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const hint = error instanceof QctlError && error.hint !== null ? ` (${error.hint})` : ''
  return `${error.message}${hint}`
}
