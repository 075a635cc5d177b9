/**
 * What the system says of a failed call, in its own words: `no such file or directory`, without the name of the runtime's function.
 * @returns `null` for an error that is not the system's
 */
export function systemReason(error: unknown): string | null {
  if (!(error instanceof Error) || !('errno' in error) || typeof error.errno !== 'number') return null
  // Loaded late: hardly any start needs it.
  const [, reason = null] = process.getBuiltinModule('node:util').getSystemErrorMap().get(error.errno) ?? []
  return reason
}
