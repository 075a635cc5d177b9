/** W8: long-lived workers that do nothing: the way of a job to another process and back. */
import {mkdirSync, readdirSync, readFileSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {binary, environment} from './binary.ts'
import {openStore} from './engine-bench.ts'
import {assertEach, assertLeft} from './jobs.ts'
import {copyOf, newPath, removeDatabase} from './scratch.ts'
import {roundsOr, scaled} from './size.ts'
import {perSecond} from './statistics.ts'
import {drain, fill, register} from './w3.ts'
import {type Workload, Wrong} from './workload.ts'

/** Jobs in flight; also how many the yardstick claims at once. */
const CONCURRENCY = 1000
const STEP = 1000

/** Through the binary, beside a bare claim and ack of the library. */
export function workerWorkloads(): readonly Workload[] {
  return [
    workload('W8a', '--stream', ['--stream', `exec ${process.execPath} ${join(import.meta.dirname, 'w8-worker.ts')} "$BENCH_NOTES"`], 30_000),
    workload('W8b', '--module', ['--module', join(import.meta.dirname, 'w8-module.ts')], 50_000),
  ]
}

function workload(name: string, title: string, handler: readonly string[], atLeast: number): Workload {
  const jobs = scaled(150_000, STEP)
  const start = newPath()
  return {
    name,
    figures: [{name: 'rate', title: `${title} no-op, -c ${CONCURRENCY}, one worker, FULL`, unit: 'jobs/s', goals: [{to: null, atLeast}]}],
    rounds: roundsOr(5),
    warmUp: false,
    beside: `claim and ack by ${CONCURRENCY} without handlers`,
    prepare: async () => {
      const store = await openStore(start)
      await fill(store, jobs)
      await store.storage.close()
    },
    ways: {
      qctl: () => ({rate: perSecond(jobs, consume(copyOf(start), handler, jobs))}),
      beside: async () => {
        const store = await openStore(copyOf(start))
        const consumerId = await register(store, CONCURRENCY)
        const from = performance.now()
        const ids = await drain(store, consumerId, CONCURRENCY)
        const rate = perSecond(jobs, performance.now() - from)
        await store.storage.close()
        assertEach(ids, jobs, name)
        removeDatabase(store.path)
        return {rate}
      },
    },
    finish: async () => removeDatabase(start),
  }
}

/** @returns how long it took, with the starting and ending of all processes, ms */
function consume(path: string, handler: readonly string[], jobs: number): number {
  const notes = newPath('notes')
  mkdirSync(notes)
  const from = performance.now()
  const {exitCode} = Bun.spawnSync([binary(), 'consume', '-q', '--drain', '-c', String(CONCURRENCY), '--workers', '1', ...handler], {
    env: {...environment(path), BENCH_NOTES: notes},
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ms = performance.now() - from
  if (exitCode !== 0) throw new Wrong(`consume exited ${exitCode}`)
  const ids = readdirSync(notes).flatMap(file => JSON.parse(readFileSync(join(notes, file), 'utf8')) as readonly number[])
  assertEach(ids, jobs, handler.join(' '))
  assertLeft(path, {pending: 0, done: jobs}, handler.join(' '))
  removeDatabase(path)
  rmSync(notes, {recursive: true})
  return ms
}
