/**
 * The CRC-32 of a payload (IEEE 802.3, as zlib's). Not imported from node:zlib: loading that takes 4 ms of a `produce` that
 * lasts 9. Bun has its own; Node loads zlib with the first checksum.
 */
export function crc32(bytes: Uint8Array): number {
  compute ??= typeof Bun === 'undefined' ? process.getBuiltinModule('node:zlib').crc32 : Bun.hash.crc32
  return compute(bytes)
}
let compute: ((bytes: Uint8Array) => number) | undefined
