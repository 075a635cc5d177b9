/**
 * Breaks long lines between words. What follows stands below the beginning of its line, in a list of two columns below the
 * beginning of the second. By hand, because oclif's own knows no such lists.
 *
 * @param text lines ended by line feeds; a word longer than a line stays whole
 * @param width columns of the terminal
 */
export function wrap(text: string, width: number): string {
  return text.split('\n').map((line) => wrapLine(line, width)).join('\n')
}

/** A second column narrower than that is no column. */
const LEAST_ROOM = 30

function wrapLine(line: string, width: number): string {
  if (line.length <= width) return line
  const indent = indentOf(line, width)
  const lines: string[] = []
  let current = line.slice(0, indent)
  for (const word of line.slice(indent).split(' ')) {
    const isEmpty = current.length <= indent
    if (!isEmpty && current.length + 1 + word.length > width) {
      lines.push(current.trimEnd())
      current = ' '.repeat(indent) + word
    } else {
      current += isEmpty ? word : ` ${word}`
    }
  }
  return [...lines, current].join('\n')
}

/** Where the lines go on: at the second column, unless that leaves too little room. */
function indentOf(line: string, width: number): number {
  const [list] = /^ *\S+(?: \S+)* {2,}/.exec(line) ?? ['']
  const [blanks = ''] = /^ */.exec(line) ?? []
  return list.length > 0 && width - list.length >= LEAST_ROOM ? list.length : blanks.length
}
