/** A number outside of text that may not survive a round trip: with an exponent, or longer than a double is exact. */
const FRAGILE = /[:,[\s]-?\d(?:[\d.]*[eE]|[\d.]{15})/
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g

/**
 * The compact text of one field of a JSON object, with every number as it was written:
 * 12345678901234567890 must not become 12345678901234567000.
 * @param text the object, valid JSON
 * @param field its name
 * @param value what `JSON.parse` made of it
 */
export function compactField(text: string, field: string, value: unknown): string {
  return FRAGILE.test(text) ? compactTokens(text, field) : JSON.stringify(value)
}

/** Walks over the tokens of the object; of a field given twice the last counts, as for `JSON.parse`. */
function compactTokens(text: string, field: string): string {
  let depth = 0
  let key = ''
  let isValue = false
  let compact = ''
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '}' || token === ']') depth -= 1
    if (depth === 1 && (token === ',' || token === ':')) {
      isValue = token === ':'
      if (isValue && key === field) compact = ''
    } else if (depth === 1 && !isValue) key = token.startsWith('"') ? String(JSON.parse(token)) : ''
    else if (depth > 0 && key === field) compact += token.startsWith('"') ? JSON.stringify(JSON.parse(token)) : token
    if (token === '{' || token === '[') depth += 1
  }
  return compact
}
