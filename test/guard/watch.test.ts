import {afterEach, expect, test} from 'bun:test'
import {Watch} from '../../src/lib/guard/watch.ts'
import {readStat} from '../../src/lib/process.ts'

const children: Bun.Subprocess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

test('a run is due at its time, once', () => {
  const watch = new Watch()
  watch.take({kind: 'hold', id: 1, fence: 1, dueAt: 100})
  watch.take({kind: 'hold', id: 2, fence: 5, dueAt: 200})
  expect([watch.nextDueAt, watch.takeDue(99)]).toEqual([100, []])
  expect(watch.takeDue(100)).toEqual([{claim: expect.objectContaining({id: 1, fence: 1}), dueAt: 100, group: null}])
  expect([watch.nextDueAt, watch.takeDue(150)]).toEqual([200, []])
})

test('not when it was prolonged, when it ended, or when all was told anew', () => {
  const watch = new Watch()
  for (const id of [1, 2, 3]) watch.take({kind: 'hold', id, fence: 1, dueAt: 100})
  watch.take({kind: 'hold', id: 1, fence: 1, dueAt: 300})
  watch.take({kind: 'end', id: 2, fence: 1})
  expect(watch.takeDue(200).map(({claim}) => claim.id)).toEqual([3])
  watch.take({kind: 'reset'})
  expect([watch.nextDueAt, watch.takeDue(1000)]).toEqual([Number.POSITIVE_INFINITY, []])
})

test('news of an earlier claim of the job say nothing of this one', () => {
  const watch = new Watch()
  watch.take({kind: 'hold', id: 1, fence: 2, dueAt: 100})
  watch.take({kind: 'end', id: 1, fence: 1})
  watch.take({kind: 'group', id: 1, fence: 1, pid: process.pid})
  expect(watch.takeDue(100)).toMatchObject([{claim: {id: 1, fence: 2}, group: null}])
})

test('a group is known by its leader, and by when that started', () => {
  const child = Bun.spawn(['sleep', '30'], {detached: true})
  children.push(child)
  const watch = new Watch()
  watch.take({kind: 'hold', id: 1, fence: 1, dueAt: 100})
  watch.take({kind: 'group', id: 1, fence: 1, pid: child.pid})
  watch.take({kind: 'hold', id: 1, fence: 1, dueAt: 200})
  expect(watch.takeDue(200)).toMatchObject([{group: {pid: child.pid, startTime: readStat(child.pid)?.startTime}}])
})

test('a process that leads no group is not taken for one', () => {
  const child = Bun.spawn(['sleep', '30'])
  children.push(child)
  const watch = new Watch()
  watch.take({kind: 'hold', id: 1, fence: 1, dueAt: 100})
  watch.take({kind: 'group', id: 1, fence: 1, pid: child.pid})
  expect(watch.takeDue(100)).toMatchObject([{group: null}])
})
