/** A line of text that is being typed. */
export interface TextLine {
  readonly text: string
  /** How many characters stand before the caret. */
  readonly at: number
}

/**
 * A line to type into, the caret at its end.
 * @param text what stands in it already
 */
export function textLine(text = ''): TextLine {
  return {text, at: [...text].length}
}

/** Puts text in at the caret. */
export function typed(line: TextLine, text: string): TextLine {
  const more = [...text]
  const all = [...line.text]
  return {text: [...all.slice(0, line.at), ...more, ...all.slice(line.at)].join(''), at: line.at + more.length}
}

/**
 * What a key does to a line.
 * @returns null when it does nothing to it
 */
export function edited(line: TextLine, key: string): TextLine | null {
  const all = [...line.text]
  const without = (from: number, to: number): TextLine => ({text: [...all.slice(0, from), ...all.slice(to)].join(''), at: from})
  switch (key) {
    case 'left':
      return {...line, at: Math.max(0, line.at - 1)}
    case 'right':
      return {...line, at: Math.min(all.length, line.at + 1)}
    case 'home':
    case 'ctrl-a':
      return {...line, at: 0}
    case 'end':
    case 'ctrl-e':
      return {...line, at: all.length}
    case 'backspace':
      return line.at === 0 ? line : without(line.at - 1, line.at)
    case 'delete':
      return without(line.at, Math.min(all.length, line.at + 1))
    case 'ctrl-u':
      return without(0, line.at)
    case 'ctrl-w':
      return without(line.at - [...(/\S*\s*$/.exec(all.slice(0, line.at).join(''))?.[0] ?? '')].length, line.at)
    case 'space':
      return typed(line, ' ')
    default:
      return [...key].length === 1 ? typed(line, key) : null
  }
}

/** What was pasted, with line feeds between lines: terminals send other ends of lines. */
export function pastedText(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n')
}
