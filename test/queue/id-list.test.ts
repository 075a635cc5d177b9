import {describe, expect, test} from 'bun:test'
import {QctlError} from '../../src/lib/errors.ts'
import {parseId, parseIds} from '../../src/lib/queue/id-list.ts'

describe('ids', () => {
  test('are numbers, ranges, @last and @last-failed, in the order given', () => {
    expect(parseIds(['42', '40-50', '@last', '@last-failed', '9007199254740991', '7-7'])).toEqual([
      {kind: 'id', id: 42},
      {kind: 'range', from: 40, to: 50},
      {kind: 'last'},
      {kind: 'last-failed'},
      {kind: 'id', id: Number.MAX_SAFE_INTEGER},
      {kind: 'range', from: 7, to: 7},
    ])
    expect(parseIds([])).toEqual([])
  })

  test.each([
    '', ' ', '0', '-1', '-0', '+1', ' 1', '1 ', '1\n', '01', '0x10', '1e3', '1.0', '1_000', '1n', '٣', 'NaN', 'Infinity', '9007199254740992',
    '9223372036854775808', '1;DROP TABLE jobs', '1,2', '50-40', '1-', '-5-7', '0-5', '1--2', '1-2-3', '@', '@LAST', '@last ', '@first', '1-9007199254740992',
  ])('%j is refused', (word) => {
    expect(() => parseIds(['1', word])).toThrow(QctlError)
  })

  test('a single id is no range and no word', () => {
    expect(parseId('42')).toBe(42)
    expect(() => parseId('@last')).toThrow('not a job id')
    expect(() => parseId('1-2')).toThrow('not a job id')
  })
})
