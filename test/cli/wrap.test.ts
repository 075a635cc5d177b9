import {describe, expect, test} from 'bun:test'
import {HELP_PAGES} from '../../src/lib/cli/help-pages.ts'
import {wrap} from '../../src/lib/cli/wrap.ts'

describe('wrapping', () => {
  test.each([
    ['short enough', 12, 'short enough'],
    ['  one two three', 9, '  one two\n  three'],
    ['a line\n\n  that ends', 10, 'a line\n\n  that\n  ends'],
    [`  65  ${'bad '.repeat(12)}end`, 40, `  65  ${'bad '.repeat(7)}bad\n      bad bad bad bad end`],
    [`  a long name in front${' '.repeat(4)}of this`, 30, '  a long name in front    of\n  this'],
    ['  incomprehensibilities all', 10, '  incomprehensibilities\n  all'],
  ])('%j at %i', (text, width, wrapped) => {
    expect(wrap(text, width)).toBe(wrapped)
  })

  test.each(HELP_PAGES.map((page) => [page.name, page] as const))('help %s has no line of more than 80 columns, and loses no word', (_, {text}) => {
    const words = (some: string): readonly string[] => some.split(/\s+/)
    const wrapped = wrap(text(), 80)
    expect(wrapped.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(words(wrapped)).toEqual(words(text()))
  })

  test.each([...HELP_PAGES])('help $name speaks of nothing that is not there', ({text}) => {
    // A pattern of names that are taken out of an environment is no word about a server.
    expect(text()).not.toMatch(/postgres|\btokens?\b(?!\*)|the server/i)
  })
})
