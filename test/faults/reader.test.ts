import {expect} from 'bun:test'
import {statSync} from 'node:fs'
import {waitFor} from '../support/wait-for.ts'
import {describe, figure, under} from './support/report.ts'
import {integrityOf, Scene} from './support/scene.ts'
import {sized} from './support/size.ts'
import {holdOpen} from './support/sqlite.ts'

const reading = under('a reader that stays open under load')

const MIB = 1024 * 1024
/** What the log is cut to once it can be. */
const LOG_LIMIT = 64 * MIB

describe('a reader that another program keeps open', () => {
  const JOBS = sized(2000, 20_000)

  reading(`while ${JOBS} jobs of 8 KiB are stored holds nobody up, and the log is small again when it has gone`, async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    const lines = Array.from({length: JOBS}, (_, i) => `${i} ${'x'.repeat(8192)}\n`).join('')
    const store = async (): Promise<number> => {
      const begin = performance.now()
      expect(await scene.qctl(['produce', '--lines', '--batch', '100'], {stdin: lines})).toMatchObject({status: 0, stderr: ''})
      return JOBS / ((performance.now() - begin) / 1000)
    }
    const before = await store()
    const reader = holdOpen(scene, scene.database, 'BEGIN; SELECT count(*) FROM job')
    await waitFor(() => reader.stdout.includes('ready'))
    // One that has the database open all the time, as consumers have: the log is never begun anew by its last user.
    const reaper = scene.startQctl(['reap', '--every', '100ms'])
    await waitFor(() => scene.left().length >= 2)
    const beside = await store()
    const log = (): number => statSync(`${scene.database}-wal`).size
    const grown = log()
    expect(grown).toBeGreaterThan(JOBS * 8192)
    reader.kill('SIGKILL')
    await reader.finished()
    const gone = performance.now()
    await waitFor(() => log() <= LOG_LIMIT, {deadlineMs: 30_000, what: 'the log is small again'})
    const ms = Math.round(performance.now() - gone)
    await waitFor(async () => (await scene.qctl(['produce', 'after'])).status === 0)
    reaper.kill('SIGTERM')
    expect((await reaper.finished()).status).toBe(0)
    expect(integrityOf(scene.database)).toBe('ok')
    figure(JOBS, `${Math.round((beside / before) * 100)} % of the jobs per second without it; the log grew to ${Math.round(grown / MIB)} MiB and was back at 64 MiB or less ${ms} ms after it had gone`)
  }, 300_000)
})
