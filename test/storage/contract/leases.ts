import {expect} from 'bun:test'
import {claimKey} from '../../../src/lib/claim-key.ts'
import {ending, nth, only} from './bench.ts'
import type {Suite} from './suite.ts'

const HOUR_MS = 3_600_000

export function leaseContract(suite: Suite): void {
  suite.sentence(
    'Prolongs each lease to `leaseMs` from now, if its claim still holds and the lease has not expired; returns the claims that do not hold.',
    {
      'to leaseMs from now': async bench => {
        const {id, lease} = await bench.processing()
        bench.clock.pass(29_000)
        expect(await bench.storage.extend([lease], 30_001)).toEqual([])
        expect((await bench.job(id)).leaseRemainingMs).toBe(30_001)
        bench.clock.pass(30_000)
        expect(only(await bench.storage.held()).leaseExpired).toBe(false)
        bench.clock.pass(2)
        expect(only(await bench.storage.held()).leaseExpired).toBe(true)
      },
      'again and again': async bench => {
        const {id, lease} = await bench.processing()
        for (let beat = 0; beat < 10; beat += 1) {
          bench.clock.pass(20_000)
          expect(await bench.storage.extend([lease], 30_000)).toEqual([])
        }
        expect(await bench.state(id)).toBe('processing')
      },
      'not once the lease has expired': async bench => {
        const {id, lease} = await bench.processing()
        bench.clock.pass(30_001)
        expect(claims(await bench.storage.extend([lease], 30_000))).toEqual(claims([lease]))
        expect((await bench.job(id)).leaseRemainingMs).toBe(-1)
      },
      'not with an old fence': async bench => {
        const {id, lease, consumerId} = await bench.processing()
        await bench.settle(lease, {to: 'pending'})
        const next = await bench.take(consumerId, {leaseMs: 5001})
        expect(claims(await bench.storage.extend([lease], 60_000))).toEqual(claims([lease]))
        expect((await bench.job(id)).leaseRemainingMs).toBe(5001)
        expect(await bench.storage.extend([next], 60_000)).toEqual([])
      },
      'not once the run has ended, nor for a job that is gone or never was': async bench => {
        const {lease} = await bench.processing()
        await bench.settle(lease)
        const gone = await bench.processing()
        await bench.settle(gone.lease)
        await bench.act({kind: 'delete'}, gone.id)
        const asked = [lease, gone.lease, {id: 999_999, fence: 1}]
        expect(claims(await bench.storage.extend(asked, 1000))).toEqual(claims(asked))
      },
      'each for itself': async bench => {
        const [a, b, c] = [await bench.processing(), await bench.processing(), await bench.processing()]
        await bench.settle(b.lease)
        expect(claims(await bench.storage.extend([a.lease, b.lease, c.lease], 50_000))).toEqual(claims([b.lease]))
        const jobs = await bench.storage.get([a.id, c.id])
        expect(jobs.map(({leaseRemainingMs}) => leaseRemainingMs)).toEqual([50_000, 50_000])
      },
      'also of a job whose cancel was requested': async bench => {
        const {id, lease} = await bench.processing()
        await bench.act({kind: 'cancel'}, id)
        expect(await bench.storage.extend([lease], 50_000)).toEqual([])
        expect(await bench.job(id)).toMatchObject({leaseRemainingMs: 50_000, requested: 'cancel'})
      },
      'nothing is asked, nothing is done': async ({storage}) => {
        expect(await storage.extend([], 1000)).toEqual([])
      },
    },
  )

  suite.sentence(
    "Where an extension brings progress (0…1) the job's becomes that, in the same step, if its lease is prolonged.",
    {
      'for each its own': async bench => {
        const [a, b, c] = [await bench.processing(), await bench.processing(), await bench.processing()]
        const extensions = [{...a.lease, progress: 0}, {...b.lease, progress: 0.25}, {...c.lease, progress: 1}]
        expect(await bench.storage.extend(extensions, 50_000)).toEqual([])
        const jobs = await bench.storage.get([a.id, b.id, c.id])
        expect(jobs.map(({progress, leaseRemainingMs}) => [progress, leaseRemainingMs])).toEqual([[0, 50_000], [0.25, 50_000], [1, 50_000]])
      },
      'it may go back': async bench => {
        const {id, lease} = await bench.processing()
        for (const progress of [0.9, 0.1]) await bench.storage.extend([{...lease, progress}], 1000)
        expect((await bench.job(id)).progress).toBe(0.1)
      },
      'not of a lease that has expired': async bench => {
        const {id, lease} = await bench.processing()
        bench.clock.pass(30_001)
        await bench.storage.extend([{...lease, progress: 0.5}], 1000)
        expect((await bench.job(id)).progress).toBeNull()
      },
      'not with an old fence, nor once the run has ended': async bench => {
        const {id, lease, consumerId} = await bench.processing()
        await bench.settle(lease, {to: 'pending'})
        const next = await bench.take(consumerId)
        await bench.storage.extend([{...lease, progress: 0.5}], 1000)
        expect((await bench.job(id)).progress).toBeNull()
        await bench.settle(next)
        await bench.storage.extend([{...next, progress: 0.5}], 1000)
        expect((await bench.job(id)).progress).toBeNull()
      },
      'beside one that does not hold': async bench => {
        const [a, b] = [await bench.processing(), await bench.processing()]
        await bench.settle(a.lease)
        await bench.storage.extend([{...a.lease, progress: 0.5}, {...b.lease, progress: 0.6}], 1000)
        expect((await bench.storage.get([a.id, b.id])).map(({progress}) => progress)).toEqual([null, 0.6])
      },
    },
  )

  suite.sentence('A lease to prolong.', async bench => {
    const {id, lease} = await bench.processing()
    await bench.storage.extend([{id: lease.id, fence: lease.fence}], 50_000)
    expect((await bench.job(id)).leaseRemainingMs).toBe(50_000)
  })

  suite.sentence('`progress`: what the run reports of itself; absent or `null` leaves what is there.', async bench => {
    const {id, lease} = await bench.processing()
    await bench.storage.extend([{...lease, progress: 0.5}], 1000)
    await bench.storage.extend([{...lease, progress: null}], 1000)
    await bench.storage.extend([{id: lease.id, fence: lease.fence}], 1000)
    expect((await bench.job(id)).progress).toBe(0.5)
  })

  suite.sentence(
    "Time is the store's clock: the wall clock for everything named `*At`, a clock that no one can set for leases.",
    {
      'a wall clock set forward expires no lease': async bench => {
        const {id, lease} = await bench.processing()
        bench.clock.setWall(bench.clock.wall + 1000 * HOUR_MS)
        expect(only(await bench.storage.held()).leaseExpired).toBe(false)
        expect((await bench.job(id)).leaseRemainingMs).toBe(30_000)
        expect(await bench.storage.extend([lease], 30_000)).toEqual([])
      },
      'a wall clock set back prolongs no lease': async bench => {
        await bench.processing()
        bench.clock.pass(20_000)
        bench.clock.setWall(bench.clock.wall - HOUR_MS)
        bench.clock.boot += 10_001
        expect(only(await bench.storage.held()).leaseExpired).toBe(true)
      },
      'everything named *At is wall time': async bench => {
        bench.clock.setWall(1_234_567_000_000)
        const {id, lease} = await bench.processing()
        bench.clock.setWall(1_234_560_000_000)
        await bench.settle(lease)
        expect(await bench.job(id)).toMatchObject({
          createdAt: 1_234_567_000_000,
          runAt: 1_234_567_000_000,
          startedAt: 1_234_567_000_000,
          finishedAt: 1_234_560_000_000,
          updatedAt: 1_234_560_000_000,
        })
        expect(only(await bench.runs(id))).toMatchObject({startedAt: 1_234_567_000_000, finishedAt: 1_234_560_000_000})
      },
      'a job waits for its runAt by the wall clock': async bench => {
        const ann = await bench.hire('ann')
        await bench.add({when: {kind: 'after', delayMs: 1000}})
        bench.clock.boot += 5000
        expect(await bench.claim(ann)).toEqual([])
        bench.clock.setWall(bench.clock.wall + 1000)
        expect(await bench.claim(ann)).toHaveLength(1)
      },
      ...(suite.traits.oneKernel && {
        'after a reboot every lease of the old boot is dead at once': async bench => {
          const {id, lease} = await bench.processing()
          const rebooted = await bench.store.reopen(bench.clock.afterReboot())
          expect(only(await rebooted.held()).leaseExpired).toBe(true)
          expect(claims(await rebooted.extend([lease], 30_000))).toEqual(claims([lease]))
          expect(await rebooted.settle([ending(lease, {to: 'pending', only: {kind: 'lease_expired'}})])).toEqual([
            {kind: 'settled', deadLetterId: null},
          ])
          expect(nth(await rebooted.get([id]), 0).state).toBe('pending')
        },
      }),
    },
  )
}

function claims(list: readonly {readonly id: number; readonly fence: number}[]): readonly string[] {
  return list.map(claimKey)
}
