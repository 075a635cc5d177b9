/** Bytes as a stream gives them: cut anywhere. */
export async function* chunks(...texts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield typeof text === 'string' ? new TextEncoder().encode(text) : text
}

/** Everything that an iterable of lists gives, in one list. */
export async function flattened<Item>(blocks: AsyncIterable<readonly Item[]>): Promise<Item[]> {
  const items: Item[] = []
  for await (const block of blocks) items.push(...block)
  return items
}

/** Bytes as text. */
export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
