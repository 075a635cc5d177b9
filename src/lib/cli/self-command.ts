/** Where a compiled binary keeps its own sources. */
const INSIDE_BINARY = '/$bunfs/'

/** The command that runs this very program again, without arguments. */
export function selfCommand(): readonly string[] {
  const [, script = INSIDE_BINARY] = process.argv
  return script.startsWith(INSIDE_BINARY) ? [process.execPath] : [process.execPath, script]
}
