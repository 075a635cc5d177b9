import {guard, type Ward} from './guard.ts'

/**
 * The arguments that make a guard of this program: after the program itself.
 * `bin/` knows the first one by heart, so that it need not load anything to see it.
 */
export function guardArguments({consumer, dbPath}: Ward): readonly string[] {
  return ['__guard', consumer, ...(dbPath === null ? [] : [dbPath])]
}

/**
 * Guards a consumer until its end.
 * @param args what {@link guardArguments} says after the first
 */
export function runGuard([consumer = '', dbPath = null]: readonly (string | null)[]): Promise<void> {
  return guard({consumer: consumer ?? '', dbPath})
}
