/** About 100 bytes of JSON. */
export function payload(n: number) {
  return {to: `user${n}@example.com`, subject: 'hello there', body: 'x'.repeat(40), n} as const
}

/** So many in a row. */
export function payloadsFrom(start: number, count: number): ReturnType<typeof payload>[] {
  return Array.from({length: count}, (_, i) => payload(start + i))
}
