import {expect, test} from 'bun:test'
import fc from 'fast-check'
import {safeText} from '../src/lib/safe-text.ts'

test.each([
  ['\x1b[31mred\x1b[0m', '\\x1b[31mred\\x1b[0m'],
  ['\x1b]0;title\x07', '\\x1b]0;title\\x07'],
  ['a\0b\x7f', 'a\\x00b\\x7f'],
  ['\x9b31m\x85', '\\x9b31m\\x85'],
  ['evil\u202egnp.exe', 'evil\\u202egnp.exe'],
  ['\u2066\u2069\u200e\u200f\u061c\u2028', '\\u2066\\u2069\\u200e\\u200f\\u061c\\u2028'],
  ['\ud800x\udc00', '\\ud800x\\udc00'],
  ['line\nnext\ttab\r', 'line\\nnext\\ttab\\x0d'],
  ['naïve 日本 👩‍👩‍👧 \u{1F600}', 'naïve 日本 👩‍👩‍👧 \u{1F600}'],
  ['C:\\temp', 'C:\\temp'],
])('%j', (text, safe) => {
  expect(safeText(text)).toBe(safe)
})

test('several lines keep their line feeds and tabs, and nothing else', () => {
  expect(safeText('a\n\tb\r\n\x1b[2J', {multiline: true})).toBe('a\n\tb\\x0d\n\\x1b[2J')
})

test('no dangerous character is left, and text without one is left alone', () => {
  const code = fc.oneof(fc.integer({min: 0, max: 0x9f}), fc.integer({min: 0x2000, max: 0x206f}), fc.integer({min: 0, max: 0xffff}))
  fc.assert(
    fc.property(fc.array(code), (codes) => {
      const safe = safeText(String.fromCharCode(...codes))
      const clean = [...safe].every((character) => {
        const point = character.codePointAt(0) ?? 0
        return point >= 0x20 && !(point >= 0x7f && point <= 0x9f) && !(point >= 0x202a && point <= 0x202e) && !(point >= 0x2066 && point <= 0x2069)
      })
      return clean && safe.isWellFormed() && safeText(safe) === safe
    }),
  )
})
