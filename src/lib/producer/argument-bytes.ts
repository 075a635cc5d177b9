import {readFileSync} from 'node:fs'

/** What the runtime puts where an argument is not UTF-8. */
const REPLACEMENT = '\ufffd'

/**
 * The bytes of command-line arguments. The runtime decodes them as UTF-8 and spoils what is none; Linux still has them.
 * @param texts as the runtime gave them, in the order they were written
 * @param readCommandLine gives all arguments, each ended by a NUL; a parameter for the tests
 * @returns per text its bytes, or the text itself where nothing was lost
 */
export function argumentBytes(
  texts: readonly string[],
  readCommandLine: () => Uint8Array = () => readFileSync('/proc/self/cmdline'),
): readonly (string | Uint8Array)[] {
  if (!texts.some(text => text.includes(REPLACEMENT))) return texts
  const raw = spoiled(readCommandLine)
  return texts.map(text => (text.includes(REPLACEMENT) ? (raw.get(text)?.shift() ?? text) : text))
}

/** Every argument that is not what its text says, by that text, in the order written. */
function spoiled(readCommandLine: () => Uint8Array): Map<string, Uint8Array[]> {
  const found = new Map<string, Uint8Array[]>()
  let bytes: Uint8Array
  try {
    bytes = readCommandLine()
  } catch {
    return found
  }
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0, start)
    const argument = bytes.subarray(start, end === -1 ? bytes.length : end)
    start += argument.length + 1
    const text = new TextDecoder('utf-8', {ignoreBOM: true}).decode(argument)
    if (text.includes(REPLACEMENT)) found.set(text, [...(found.get(text) ?? []), argument])
  }
  return found
}
