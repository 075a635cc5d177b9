/** One process of a contest: starts a peer and measures it, or works beside another that does. Runs in Node, as the peers' users run them. */
import {Bench, wallMs} from '../worker.ts'
import {measure} from './disciplines.ts'
import type {Peer} from './peer.ts'
import type {Answer, Measurement, Moment, PeerFacts, PeerTask, WorkerTask} from './task.ts'

const PEERS: Readonly<Record<string, () => Promise<{readonly peer: Peer}>>> = {
  qctl: () => import('./qctl.ts'),
  sqlite: () => import('./sqlite.ts'),
  plainjob: () => import('./plainjob.ts'),
  liteque: () => import('./liteque.ts'),
  bunqueue: () => import('./bunqueue.ts'),
  bullmq: () => import('./bullmq.ts'),
  'pg-boss': () => import('./pg-boss.ts'),
  'graphile-worker': () => import('./graphile-worker.ts'),
  beanstalkd: () => import('./beanstalkd.ts'),
}

const bench = new Bench<PeerTask>()
// Whoever asked is gone: so is this, and what it started.
process.on('disconnect', () => process.exit())
bench.report(await answer(bench.task).catch(failed))
process.exit()

async function answer(task: PeerTask): Promise<Answer> {
  switch (task.kind) {
    case 'list':
      return {kind: 'peers', peers: await Promise.all(Object.keys(PEERS).map(facts))}
    case 'worker':
      return {kind: 'moments', moments: await pickedUp(await load(task.peer), task)}
    case 'measure':
      return started(await load(task.peer), task)
  }
}

function failed(error: unknown): Answer {
  return {kind: 'failed', why: error instanceof Error ? error.message : String(error)}
}

async function load(id: string): Promise<Peer> {
  const module = PEERS[id]
  if (module === undefined) throw new TypeError(`there is no peer called ${id}`)
  return (await module()).peer
}

async function facts(id: string): Promise<PeerFacts> {
  const peer = await load(id)
  const {name, runtime = 'node', settings, inHand, pollMs} = peer
  return {id, name, version: peer.version(), runtime, settings, inHand, pollMs}
}

async function started(peer: Peer, task: Measurement): Promise<Answer> {
  const running = await peer.start(task)
  try {
    const open = await peer.open(task)
    const result = await measure(peer, open, task)
    await open.close()
    return result
  } finally {
    await running.stop()
  }
}

async function pickedUp(peer: Peer, task: WorkerTask): Promise<readonly Moment[]> {
  const moments: Moment[] = []
  const open = await peer.open(task)
  const working = open.consume(n => moments.push({n, at: wallMs()}), bench.stop)
  // Only to say that it works: there is no word to wait for.
  void bench.start()
  await working
  await open.close()
  return moments
}
