/** What is measured of a peer, and the proof that no job was lost or doubled meanwhile. */
import {setTimeout as sleep} from 'node:timers/promises'
import {percentile, perSecond} from '../statistics.ts'
import {wallMs} from '../worker.ts'
import {Colleague} from './colleague.ts'
import {payload, payloadsFrom} from './payload.ts'
import type {OpenPeer, Peer} from './peer.ts'
import {Tally} from './tally.ts'
import type {Answer, Measured, Measurement} from './task.ts'

/** What comes first pays for the compiler and is not measured. */
const WARM_UP = {one: 1000, many: 5000, drain: 2000} as const
const BULK = 1000
/** A queue that has not run a job by then has lost it. */
const DEADLINE_MS = 60_000
/** Between two submissions to a worker that is told; more for one that looks now and then. */
const EVERY_MS = 40
const LOOK_MS = 20

/** Measures a peer that was just started. */
export function measure(peer: Peer, open: OpenPeer, task: Measurement): Promise<Answer> {
  switch (task.discipline) {
    case 'one':
      return one(open, task.jobs)
    case 'many':
      return many(open, task.jobs)
    case 'drain':
      return drain(open, task.jobs)
    case 'pick-up':
      return pickUp(peer, open, task)
  }
}

async function one(open: OpenPeer, jobs: number): Promise<Measured> {
  for (const warm of payloadsFrom(0, WARM_UP.one)) await open.produceOne(warm)
  const all = payloadsFrom(WARM_UP.one, jobs)
  const from = performance.now()
  for (const job of all) await open.produceOne(job)
  return stored(open, perSecond(jobs, performance.now() - from), WARM_UP.one + jobs)
}

async function many(open: OpenPeer, jobs: number): Promise<Answer> {
  if (open.produceMany === undefined) return {kind: 'absent'}
  await produce(open, 0, WARM_UP.many)
  const from = performance.now()
  await produce(open, WARM_UP.many, jobs)
  return stored(open, perSecond(jobs, performance.now() - from), WARM_UP.many + jobs)
}

/** In the fastest way there is. */
async function produce(open: OpenPeer, first: number, jobs: number): Promise<void> {
  for (let start = first; start < first + jobs; start += BULK) {
    const all = payloadsFrom(start, Math.min(BULK, first + jobs - start))
    if (open.produceMany !== undefined) await open.produceMany(all)
    else for (const job of all) await open.produceOne(job)
  }
}

async function stored(open: OpenPeer, value: number, jobs: number): Promise<Measured> {
  const left = await open.left()
  return {kind: 'measured', value, lost: Math.max(0, jobs - left), doubled: Math.max(0, left - jobs)}
}

/** From the end of the warming up to the last job; then everything must be acknowledged. */
async function drain(open: OpenPeer, jobs: number): Promise<Measured> {
  const all = WARM_UP.drain + jobs
  await produce(open, 0, all)
  const tally = new Tally(all)
  const stop = new AbortController()
  const late = setTimeout(() => stop.abort(), DEADLINE_MS)
  let from = 0
  let to = 0
  await open.consume(n => {
    tally.add(n)
    if (tally.seen === WARM_UP.drain) from = performance.now()
    if (tally.seen < all) return
    to = performance.now()
    stop.abort()
  }, stop.signal)
  clearTimeout(late)
  const left = await open.left()
  if (tally.lost === 0 && left > 0) throw new Error(`${left} jobs were run and not acknowledged`)
  return {kind: 'measured', value: perSecond(jobs, to - from), lost: tally.lost, doubled: tally.doubled}
}

/** From the call of the submission to the start of the handler, in another process that has nothing else to do. */
async function pickUp(peer: Peer, open: OpenPeer, task: Measurement): Promise<Answer> {
  const {pollMs} = peer
  if (pollMs === null) return {kind: 'absent'}
  await using worker = new Colleague({...task, kind: 'worker'})
  await worker.ready()
  await open.produceOne(payload(0))
  await Promise.race([emptied(open), worker.failing()])
  const calledAt = [0]
  for (let n = 1; n <= task.jobs; n += 1) {
    calledAt.push(wallMs())
    await open.produceOne(payload(n))
    await sleep(pause(pollMs))
  }
  await Promise.race([emptied(open), worker.failing()])
  const moments = await worker.moments()
  const tally = new Tally(task.jobs + 1)
  for (const {n} of moments) tally.add(n)
  const latencies = moments.filter(({n}) => n > 0).map(({n, at}) => at - (calledAt[n] ?? Number.NaN))
  return {kind: 'measured', value: percentile(latencies, 0.5), lost: tally.lost, doubled: tally.doubled}
}

/** Long enough for one that polls, and at any point between two of its looks. */
function pause(pollMs: number): number {
  return Math.max(pollMs, EVERY_MS) * (1 + Math.random())
}

async function emptied(open: OpenPeer): Promise<void> {
  const end = performance.now() + DEADLINE_MS
  while (await open.left() > 0 && performance.now() < end) await sleep(LOOK_MS)
}
