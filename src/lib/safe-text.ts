/** Controls that a terminal or a reader may act on, and JSON leaves bare: DEL, C1, bidi controls, line and paragraph separators. */
const BARE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g
/** Those, and what JSON escapes by itself: C0 and lone surrogates. */
const DANGEROUS = new RegExp(`[\\u0000-\\u001f]|${BARE.source}|\\p{Surrogate}`, 'gu')

const unicodeEscape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

function escape(character: string): string {
  const code = character.charCodeAt(0)
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : unicodeEscape(character)
}

/** Makes what JSON.stringify wrote harmless on a terminal and in a log line; the value stays the same. */
export function escapeJson(json: string): string {
  return json.replace(BARE, unicodeEscape)
}

/**
 * Makes text that came from outside (payload, queue, key, tag, name, error, handler output) harmless on a terminal and in
 * a log line: what could move the cursor, change colours, reorder or end the line becomes a visible escape such as
 * `\x1b` or `\u202e`. Escaping is for the eye and is not reversible: a backslash stays as it is.
 * @param text anything
 * @param options multiline: line feeds and tabs stay (a shown log or payload); otherwise they become `\n` and `\t`
 */
export function safeText(text: string, options: {readonly multiline?: boolean} = {}): string {
  return text.replace(DANGEROUS, (character) => {
    if (character === '\n') return options.multiline === true ? character : '\\n'
    if (character === '\t') return options.multiline === true ? character : '\\t'
    return escape(character)
  })
}
