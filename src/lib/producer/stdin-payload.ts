import {tooLarge} from './payload-limits.ts'

/**
 * Reads all of a stream as one payload.
 * @param source the bytes, as they come
 * @param queue whose limit it is
 * @param maxBytes the limit; nothing is read behind it
 * @throws QctlError `payload_too_large`
 */
export async function readPayload(source: AsyncIterable<Uint8Array>, queue: string, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of source) {
    chunks.push(chunk)
    length += chunk.length
    if (length > maxBytes) throw tooLarge('what came on stdin', queue, maxBytes)
  }
  return Buffer.concat(chunks)
}
