const DECODER = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true})

/**
 * Says bytes in JSON: as text if they are UTF-8, else in Base64 under another name.
 * @param name of the field
 * @param bytes `null` for none
 * @returns the field, and `NAME_base64` when the bytes are no text
 */
export function bytesField(name: string, bytes: Uint8Array | null): Readonly<Record<string, string | null>> {
  if (bytes === null) return {[name]: null}
  try {
    return {[name]: DECODER.decode(bytes)}
  } catch {
    return {[name]: null, [`${name}_base64`]: Buffer.from(bytes).toString('base64')}
  }
}

/** A time in JSON. */
export function timeField(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}
