import {describe, expect, test} from 'bun:test'
import fc from 'fast-check'
import stringWidth from 'string-width'
import {chart, sparkline} from '../../src/lib/top/sparkline.ts'
import {edited, type TextLine, textLine, typed} from '../../src/lib/top/text-line.ts'
import {typing} from '../../src/lib/top/typing.ts'
import {cutSpans, fitText, joined, spansOf, wordsWidth, wrapped} from '../../src/lib/top/words.ts'

const LEVELS = ' 12345678'
const text = fc.oneof(fc.string(), fc.string({unit: 'grapheme'}), fc.constantFrom('漢字漢字', '\u001b[2J', 'e\u0301e\u0301', '👩‍👩‍👧👩‍👩‍👧'))
const width = fc.integer({min: 1, max: 40})

describe('lines', () => {
  test('never get wider than they may, nor carry what a terminal would obey', () => {
    fc.assert(
      fc.property(fc.array(text), width, (texts, most) => {
        const cut = cutSpans(spansOf(texts), most, '~')
        expect(wordsWidth(cut)).toBeLessThanOrEqual(most)
        expect(cut.map(span => span.text).join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/)
      }),
    )
  })

  test('have as few pieces as they have changes of tone, and say the same', () => {
    expect(joined(spansOf(['a', 'b', {text: 'c', tone: 'bold'}, {text: 'd', tone: 'bold'}, 'e']))).toEqual([{text: 'ab'}, {text: 'cd', tone: 'bold'}, {text: 'e'}])
  })

  test('are left alone where they fit', () => {
    expect(cutSpans(spansOf(['ab', {text: 'cd', tone: 'bold'}]), 4, '~')).toEqual([{text: 'ab'}, {text: 'cd', tone: 'bold'}])
    expect(cutSpans(spansOf(['ab', {text: 'cd', tone: 'bold'}]), 3, '~').map(span => span.text).join('')).toBe('ab~')
  })

  test('are filled to exactly a width', () => {
    fc.assert(fc.property(text, width, fc.constantFrom('left' as const, 'right' as const), (some, most, align) => {
      expect(stringWidth(fitText(some.replaceAll(/[^ -~漢字]/g, ''), most, {align}))).toBe(most)
    }))
  })

  test('are broken between words, and lose nothing but blanks', () => {
    expect(wrapped('one two three', 8)).toEqual(['one two', 'three'])
    expect(wrapped('onetwothree', 4)).toEqual(['onet', 'woth', 'ree'])
    fc.assert(fc.property(fc.string({unit: fc.constantFrom('a', 'b', ' ', '漢')}), fc.integer({min: 2, max: 20}), (some, most) => {
      const lines = wrapped(some, most)
      expect(lines.every(line => stringWidth(line) <= most)).toBe(true)
      expect(lines.join('').replaceAll(' ', '')).toBe(some.replaceAll(' ', ''))
    }))
  })
})

describe('graphs', () => {
  test('show something wherever there is something, and most where there is most', () => {
    expect(sparkline([0, 1, 500, 1000], LEVELS)).toBe(' 148')
    expect(sparkline([0, 0], LEVELS)).toBe('  ')
    expect(sparkline([], LEVELS)).toBe('')
  })

  test('some lines high', () => {
    expect(chart([0, 1, 16], 2, LEVELS)).toEqual(['  8', ' 18'])
    expect(chart([8, 12, 16], 2, LEVELS)).toEqual([' 48', '888'])
  })
})

describe('a line that is typed', () => {
  const press = (line: TextLine, ...keys: readonly string[]): TextLine => keys.reduce((now, key) => edited(now, key) ?? now, line)

  test('is edited as everywhere', () => {
    expect(press(textLine('ab'), 'c')).toEqual({text: 'abc', at: 3})
    expect(press(textLine('ab'), 'left', 'x').text).toBe('axb')
    expect(press(textLine('ab'), 'home', 'delete').text).toBe('b')
    expect(press(textLine('a漢b'), 'left', 'backspace').text).toBe('ab')
    expect(press(textLine('one two '), 'ctrl-w').text).toBe('one ')
    expect(press(textLine('one'), 'left', 'ctrl-u')).toEqual({text: 'e', at: 0})
    expect(press(textLine(''), 'backspace', 'left', 'delete')).toEqual({text: '', at: 0})
    expect(edited(textLine('a'), 'pageup')).toBeNull()
  })

  test('keeps its caret within it', () => {
    const key = fc.constantFrom('a', '漢', 'left', 'right', 'home', 'end', 'backspace', 'delete', 'ctrl-u', 'ctrl-w', 'space')
    fc.assert(fc.property(fc.array(key), keys => {
      const {text: result, at} = press(typed(textLine(), 'start'), ...keys)
      expect(at).toBeGreaterThanOrEqual(0)
      expect(at).toBeLessThanOrEqual([...result].length)
    }))
  })

  test('shows the part around its caret', () => {
    fc.assert(fc.property(fc.string({minLength: 1}), fc.nat(), fc.integer({min: 4, max: 20}), (some, where, most) => {
      const all = [...some]
      const at = where % (all.length + 1)
      const shown = cutSpans(spansOf(typing({text: some, at}, most, '|')), most, '~')
      expect(shown.some(span => span.tone === 'title' && span.text === '|')).toBe(true)
    }))
  })
})
