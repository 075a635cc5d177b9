/**
 * Passes items on until the signal is aborted; then it ends as if the source had ended, even while the source is silent.
 * @param source items as they come
 * @param signal ends it
 */
export async function* untilAborted<Item>(source: AsyncIterable<Item>, signal: AbortSignal): AsyncGenerator<Item> {
  const aborted = new Promise<null>(resolve => {
    if (signal.aborted) resolve(null)
    else signal.addEventListener('abort', () => resolve(null), {once: true})
  })
  const items = source[Symbol.asyncIterator]()
  for (;;) {
    const next = await Promise.race([aborted, items.next()])
    if (next === null || next.done === true) return
    yield next.value
  }
}
