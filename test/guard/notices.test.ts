import {expect, test} from 'bun:test'
import {encodeNotices, type Notice} from '../../src/lib/guard/notices.ts'
import {NoticeLog} from './notice-log.ts'

const NOTICES: readonly Notice[] = [
  {kind: 'reset'},
  {kind: 'hold', id: 1, fence: 2, dueAt: 123_456_789.5},
  {kind: 'group', id: 1, fence: 2, pid: 4_194_304, startTime: 9_876_543_210},
  {kind: 'hold', id: Number.MAX_SAFE_INTEGER, fence: 7, dueAt: Number.POSITIVE_INFINITY},
  {kind: 'end', id: 1, fence: 2},
  {kind: 'bye'},
]

/** Feeds bytes in pieces of that size. */
function readInPieces(bytes: Uint8Array, size: number): readonly Notice[] {
  const log = new NoticeLog()
  for (let at = 0; at < bytes.length; at += size) log.hear(bytes.subarray(at, at + size))
  return log.heard
}

test.each([1, 7, 39, 40, 41, 100, 1000])('what is written is read, in pieces of %d bytes', size => {
  expect(readInPieces(encodeNotices(NOTICES), size)).toEqual([...NOTICES])
})

test('more than the buffer holds is read, too, when it comes in the pieces there is room for', () => {
  const many = Array.from({length: 10_000}, (_, id): Notice => ({kind: 'end', id, fence: 1}))
  const bytes = encodeNotices(many)
  const log = new NoticeLog()
  for (let at = 0; at < bytes.length; ) {
    const piece = bytes.subarray(at, at + Math.min(log.room, 50_001))
    log.hear(piece)
    at += piece.length
  }
  expect(log.heard).toEqual(many)
})

test('a kind it does not know is passed over', () => {
  const unknown = new Uint8Array(new Float64Array([99, 1, 2, 3, 4]).buffer)
  expect(readInPieces(new Uint8Array([...unknown, ...encodeNotices([{kind: 'bye'}])]), 64)).toEqual([{kind: 'bye'}])
})
