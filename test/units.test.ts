import {expect, test} from 'bun:test'
import {formatSizeShort} from '../src/lib/units.ts'

test('sizes for people have two digits at least', () => {
  const sizes = [0, 1, 1024, 1_769_472, 9.9 * 1024 ** 2, 45_350_912, 1.5 * 1024 ** 3].map(formatSizeShort)
  expect(sizes).toEqual(['0k', '1k', '1k', '1.7M', '9.9M', '43M', '1.5G'])
})
