import {QctlError} from '../../errors.ts'
import {systemReason} from '../../system-error.ts'

/** What to do about it, where the sentence alone does not say. */
export interface FileHints {
  /** When a right is missing. */
  readonly permission?: string
  /** When it cannot be done in that place. */
  readonly place?: string
}

/**
 * What the system's refusal to do something with a file means to a user.
 * @param what could not be done, with the file
 * @returns `permission`, `outcome_unknown` or `cannot_open`; anything that is not the system's as it is
 */
export function fileError(error: unknown, what: string, {permission, place}: FileHints = {}): unknown {
  const reason = systemReason(error)
  if (error instanceof QctlError || reason === null || !(error instanceof Error && 'code' in error)) return error
  const {code} = error
  const message = `${what}: ${reason}`
  if (code === 'EACCES' || code === 'EPERM') return new QctlError('permission', `${what}: permission denied`, {cause: error, ...hinted(permission)})
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EIO') return new QctlError('outcome_unknown', message, {cause: error, hint: 'see to the disk, then repeat'})
  return new QctlError('cannot_open', message, {cause: error, ...hinted(place)})
}

function hinted(hint: string | undefined): {readonly hint?: string} {
  return hint === undefined ? {} : {hint}
}
