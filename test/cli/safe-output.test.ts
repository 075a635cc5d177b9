import {describe, expect, test} from 'bun:test'
import fc from 'fast-check'
import {safeBytes, safeJson} from '../../src/lib/cli/safe-output.ts'
import {safeText} from '../../src/lib/safe-text.ts'

/** What a terminal obeys or a reader is deceived by. */
const DANGEROUS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/

describe('safeBytes', () => {
  test('leaves a plain text as it is', () => {
    expect(safeBytes(new TextEncoder().encode('Grüße, 日本 👍'))).toBe('Grüße, 日本 👍')
  })

  test('shows every byte that is no UTF-8', () => {
    expect(safeBytes(new Uint8Array([0x61, 0xff, 0xc0, 0xaf, 0x62]))).toBe('a\\xff\\xc0\\xafb')
    expect(safeBytes(new Uint8Array([0xed, 0xa0, 0x80]))).toBe('\\xed\\xa0\\x80')
    expect(safeBytes(new Uint8Array([0xe2, 0x82]))).toBe('\\xe2\\x82')
    expect(safeBytes(new Uint8Array([0xf4, 0x90, 0x80, 0x80]))).toBe('\\xf4\\x90\\x80\\x80')
  })

  test('agrees with safeText on valid UTF-8, and never lets anything dangerous through', () => {
    fc.assert(fc.property(fc.string({unit: 'binary'}), (text) => {
      const bytes = new TextEncoder().encode(text)
      expect(safeBytes(bytes)).toBe(safeText(new TextDecoder('utf-8', {ignoreBOM: true}).decode(bytes)))
    }))
    fc.assert(fc.property(fc.uint8Array(), (bytes) => !DANGEROUS.test(safeBytes(bytes))))
  })

  test('decides as the decoder of the platform does what is valid', () => {
    fc.assert(fc.property(fc.uint8Array({maxLength: 6}), (bytes) => {
      const isValid = !safeBytes(bytes.map((byte) => (byte < 0x80 ? 0x61 : byte))).includes('\\x')
      const text = new TextDecoder('utf-8', {ignoreBOM: true}).decode(bytes)
      const replaced = new TextEncoder().encode(text)
      const same = replaced.length === bytes.length && replaced.every((byte, index) => byte === bytes[index])
      // C1 controls are valid, but shown as an escape, too.
      if (!DANGEROUS.test(text.replaceAll(/[\u0000-\u007f]/g, 'a'))) expect(isValid).toBe(same)
    }), {numRuns: 2000})
  })
})

describe('safeJson', () => {
  test('escapes what JSON leaves bare but a terminal obeys, and stays the same value', () => {
    fc.assert(fc.property(fc.string({unit: 'binary'}), (text) => {
      const json = safeJson({text})
      expect(DANGEROUS.test(json)).toBe(false)
      expect(JSON.parse(json)).toEqual({text})
    }))
  })
})
