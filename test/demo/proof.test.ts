import {describe, expect, test} from 'bun:test'
import {type Evidence, prove} from '../../src/lib/demo/proof.ts'

const STAMPED = '2026-11-22T11:00:00Z\nhello\n'
const GOOD: Evidence = {
  ledger: 'start 1 1 free\nstart 2 1 free\nfail 2 1 free\nstart 2 2 free\ndone 1 1 free\ndone 2 2 free\n',
  jobs: [{id: 1, state: 'done', fence: 1, file: '/a'}, {id: 2, state: 'done', fence: 2, file: '/b'}],
  files: new Map([['/a', STAMPED], ['/b', STAMPED]]),
}

test('what went well is proved', () => {
  expect(prove(GOOD)).toEqual({lost: [], overlaps: [], runs: 3, failures: 1})
})

test('a run that was killed is no overlap', () => {
  const ledger = 'start 1 1 free\nstart 1 2 free\ndone 1 2 free\nstart 2 2 free\ndone 2 2 free\n'
  const jobs = GOOD.jobs.map(job => ({...job, fence: 2}))
  expect(prove({...GOOD, ledger, jobs})).toMatchObject({lost: [], overlaps: []})
})

describe('it finds', () => {
  test.each<[string, Partial<Evidence>, string]>([
    ['a file without a job', {files: new Map([...GOOD.files, ['/c', 'x']])}, '/c was made and has no job'],
    ['a job that is not done', {jobs: [{id: 1, state: 'processing', fence: 1, file: '/a'}, ...GOOD.jobs.slice(1)]}, 'job 1 is processing still'],
    ['a file without a stamp', {files: new Map([['/a', 'hello'], ['/b', STAMPED]])}, 'job 1 is done, and /a has no stamp'],
    ['a file that is gone', {files: new Map([['/b', STAMPED]])}, 'job 1 is done, and /a has no stamp'],
    ['an end that no handler knows of', {ledger: 'start 1 1 free\ndone 1 1 free\nstart 2 1 free\n'}, 'job 2 is done, and its last handler did not say so'],
  ])('%s', (_, wrong, sentence) => {
    expect(prove({...GOOD, ...wrong}).lost).toEqual([sentence])
  })

  test.each([
    ['by their order', 'start 1 1 free\nstart 1 2 free\ndone 1 1 free\ndone 1 2 free\n'],
    ['by the lock', 'start 1 1 free\nstart 1 2 held\ndone 1 2 free\n'],
  ])('two at once %s', (_, ledger) => {
    expect(prove({...GOOD, ledger}).overlaps).toEqual(['job 1 was run by two at once (run 2)'])
  })
})
