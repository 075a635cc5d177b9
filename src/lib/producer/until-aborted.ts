/**
 * Passes items on until the signal is aborted; then it ends as if the source had ended, even while the source is silent.
 * @param source items as they come
 * @param signal ends it
 */
export async function* untilAborted<Item>(source: AsyncIterable<Item>, signal: AbortSignal): AsyncGenerator<Item> {
  const items = source[Symbol.asyncIterator]()
  for (;;) {
    const next = await unlessAborted(items.next(), signal)
    if (next === null || next.done === true) return
    yield next.value
  }
}

/** The listener goes with each round: one promise raced for ever would keep a note of every round. */
async function unlessAborted<Value>(coming: Promise<Value>, signal: AbortSignal): Promise<Value | null> {
  if (signal.aborted) return null
  const aborted = Promise.withResolvers<null>()
  const onAbort = (): void => aborted.resolve(null)
  signal.addEventListener('abort', onAbort, {once: true})
  try {
    return await Promise.race([aborted.promise, coming])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
