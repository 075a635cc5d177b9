import {expect, test} from 'bun:test'
import {unsearched} from '../../src/lib/cli/list-jobs.ts'

test('a page that leaves jobs out says which', () => {
  expect(unsearched('id', 100_000)).toBe('searched 100,000 jobs and not all of them')
  expect(unsearched('priority', 100_000)).toMatch(/^only the newest 100,000 jobs were sorted; older ones are not shown/)
})
