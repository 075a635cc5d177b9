import {QctlError} from '../errors.ts'

/**
 * Makes the check of a field from what reads its value.
 * @param parse throws QctlError for what it cannot read
 * @returns what is wrong, or `null`
 */
export function checkBy(parse: (text: string) => unknown): (text: string) => string | null {
  return text => {
    try {
      parse(text)
      return null
    } catch (error) {
      if (!(error instanceof QctlError)) throw error
      return error.hint === null ? error.message : `${error.message}: ${error.hint}`
    }
  }
}

/** The same for a field that may stay empty. */
export function checkUnlessEmpty(parse: (text: string) => unknown): (text: string) => string | null {
  const check = checkBy(parse)
  return text => (text === '' ? null : check(text))
}
