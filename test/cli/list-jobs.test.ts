import {expect, test} from 'bun:test'
import {restOf, unsearched} from '../../src/lib/cli/list-jobs.ts'

test('a page that leaves jobs out says which', () => {
  expect(unsearched('id', 100_000)).toBe('searched 100,000 jobs and not all of them')
  expect(unsearched('priority', 100_000)).toMatch(/^only the newest 100,000 jobs were sorted; older ones are not shown/)
})

test('a search that gave up does not claim that there is more', () => {
  const page = {jobs: [], next: '7.7', searched: {rows: 100_000, complete: false}}
  expect(restOf(page, 'id')).toBe('searched 100,000 jobs and not all of them; on from there: --cursor 7.7')
  expect(restOf({...page, next: null}, 'priority')).not.toContain('--cursor')
})
