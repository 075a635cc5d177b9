import {expect, test} from 'bun:test'
import {appendFileSync, renameSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {followLines} from '../../src/lib/supervisor/log-files.ts'
import {scratchDirectory} from '../support/scratch.ts'

test('a log that is rotated twice between two looks is followed through all of its files, in order', async () => {
  const log = join(scratchDirectory(), 'log')
  writeFileSync(log, 'before\n')
  const stop = new AbortController()
  const lines = followLines(log, stop.signal)
  const first = lines.next()
  // It has looked once and waits; all of this happens before the next look.
  appendFileSync(log, 'a\n')
  renameSync(log, `${log}.1`)
  writeFileSync(log, 'b\n')
  renameSync(`${log}.1`, `${log}.2`)
  renameSync(log, `${log}.1`)
  writeFileSync(log, 'c\n')
  const told = [(await first).value, (await lines.next()).value, (await lines.next()).value]
  stop.abort()
  await lines.return(undefined)
  expect(told).toEqual([['a'], ['b'], ['c']])
})
