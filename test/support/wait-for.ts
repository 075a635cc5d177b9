/**
 * Waits until something is true, instead of sleeping and hoping.
 *
 * @param condition asked again every 10 ms; anything but false, null and undefined is true
 * @param options `deadlineMs`: how long it may take (default 10 s); `what`: named in the error
 * @returns what the condition gave
 * @throws {Error} when it is not true in time
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  {deadlineMs = 10_000, what = String(condition)}: {readonly deadlineMs?: number; readonly what?: string} = {},
): Promise<NonNullable<T>> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const value = await condition()
    if (value !== false && value !== null && value !== undefined) return value
    if (performance.now() > end) throw new Error(`not true within ${deadlineMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
