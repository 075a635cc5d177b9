import {expect, test} from 'bun:test'
import {Watch} from '../../src/lib/guard/watch.ts'

test('a run is due at its time, once', () => {
  const watch = new Watch()
  watch.hold(1, 1, 100)
  watch.hold(2, 5, 200)
  expect([watch.nextDueAt, watch.takeDue(99)]).toEqual([100, []])
  expect(watch.takeDue(100)).toEqual([{id: 1, fence: 1, dueAt: 100, group: null}])
  expect([watch.nextDueAt, watch.takeDue(150)]).toEqual([200, []])
})

test('not when it was prolonged, when it ended, or when all was told anew', () => {
  const watch = new Watch()
  for (const id of [1, 2, 3]) watch.hold(id, 1, 100)
  watch.hold(1, 1, 300)
  watch.end(2, 1)
  expect(watch.takeDue(200).map(({id}) => id)).toEqual([3])
  watch.reset()
  expect([watch.nextDueAt, watch.takeDue(1000)]).toEqual([Number.POSITIVE_INFINITY, []])
})

test('news of an earlier claim of the job say nothing of this one', () => {
  const watch = new Watch()
  watch.hold(1, 2, 100)
  watch.end(1, 1)
  watch.group(1, 1, process.pid, 4711)
  expect(watch.takeDue(100)).toMatchObject([{id: 1, fence: 2, group: null}])
})

test('a group is known by its leader, and by when that started, whoever has the number now', () => {
  const watch = new Watch()
  watch.hold(1, 1, 100)
  watch.group(1, 1, process.pid, 4711)
  watch.hold(1, 1, 200)
  expect(watch.takeDue(200)).toMatchObject([{group: {pid: process.pid, startTime: '4711'}}])
})

test('what is made of a run that is over is no part of the next one', () => {
  const watch = new Watch()
  watch.hold(1, 1, 100)
  watch.group(1, 1, process.pid, 4711)
  watch.end(1, 1)
  watch.hold(2, 7, 200)
  expect(watch.takeDue(200)).toEqual([{id: 2, fence: 7, dueAt: 200, group: null}])
})
