/** Shows how far it is, on one line of a terminal; nothing takes the line away. */
export function show(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`)
}
