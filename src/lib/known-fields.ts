import {QctlError} from './errors.ts'
import {nearest} from './nearest.ts'

/** Every field of a type by name: the compiler sees to it that none is forgotten and none too many. */
export type FieldsOf<Type> = Readonly<Record<keyof Type, true>>

/**
 * Refuses what is no object, or has a field that nobody would read: the caller would take it for obeyed.
 * @param what the object is, for the message
 * @throws QctlError `bad_input`
 */
export function checkFields(what: string, given: unknown, known: Readonly<Record<string, true>>): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new QctlError('bad_input', `${what} must be an object with ${Object.keys(known).join(', ')}`)
  }
  for (const field in given) if (!Object.hasOwn(known, field)) throw unknownField(what, field, Object.keys(known))
}

function unknownField(what: string, field: string, known: readonly string[]): QctlError {
  const meant = nearest(field, known)
  const help = meant === null ? `the fields are ${known.join(', ')}` : `did you mean ${meant}?`
  return new QctlError('bad_input', `unknown field ${JSON.stringify(field.slice(0, 80))} of ${what}: ${help}`)
}
