/** The contests of the libraries: qctl and its peers from npm, each in processes of its own. */
import {execFileSync} from 'node:child_process'
import {chmodSync, mkdirSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import type {Contest, Entry, Turn} from './contest.ts'
import type {Answer, Discipline, Measurement, PeerFacts, PeerTask} from './peers/task.ts'
import {newPath, scratch} from './scratch.ts'
import {roundsOr, scaled} from './size.ts'
import {Worker} from './worker.ts'
import {Wrong} from './workload.ts'

/** As their users run them. */
const RUNTIMES = {node: join(import.meta.dirname, '../.node/node'), bun: process.execPath} as const
const SCRIPT = 'peers/process.ts'
/** How long one measurement takes, about: how many jobs that is, is known from the one before. */
const SECONDS = 0.6
const BULK = 1000

interface Rules {
  readonly discipline: Discipline
  readonly title: string
  readonly rules: string
  readonly unit: Contest['unit']
  readonly rounds: number
  readonly rehearsal: boolean
  /** How many jobs the first turn has, and the fewest and the most of a later one. */
  readonly jobs: {readonly least: number; readonly most: number; readonly step: number}
}

const CONTESTS: readonly Rules[] = [
  {
    discipline: 'one', title: 'Submit one at a time', unit: 'jobs/s', rounds: 4, rehearsal: true, jobs: {least: 300, most: 20_000, step: 1},
    rules: 'One process submits jobs of about 100 bytes, each after the answer to the one before.',
  },
  {
    discipline: 'many', title: 'Submit in bulk', unit: 'jobs/s', rounds: 4, rehearsal: true, jobs: {least: 5000, most: 100_000, step: BULK},
    rules: 'One process submits by 1,000 (beanstalkd: 1,000 commands in one go). liteque has nothing of the kind.',
  },
  {
    discipline: 'drain', title: 'Empty the queue', unit: 'jobs/s', rounds: 4, rehearsal: true, jobs: {least: 1000, most: 50_000, step: 500},
    rules: 'One worker process runs a function that does nothing for each job and acknowledges each, in the fastest way the peer documents.',
  },
  {
    discipline: 'pick-up', title: 'Pick up one job', unit: 'ms', rounds: 3, rehearsal: false, jobs: {least: 40, most: 40, step: 1},
    rules: 'From the call of the submission in one process to the start of the function in another that waits: the median of a round.',
  },
]
/** Of those who look once a second or so, fewer are enough. */
const POLLED = 4

/** @throws Wrong when the peers cannot say who they are */
export async function peerContests(): Promise<{readonly contests: readonly Contest[]; readonly versions: readonly string[]}> {
  const answer = await ask({kind: 'list'})
  if (answer.kind !== 'peers') throw new Wrong(`the peers are not there: ${answer.kind === 'failed' ? answer.why : answer.kind}`)
  const {peers} = answer
  return {
    contests: CONTESTS.map(rules => ({
      ...rules, rules: rulesOf(rules, peers), rounds: roundsOr(rules.rounds), entries: peers.flatMap(peer => entriesOf(peer, rules)),
    })),
    versions: [`Node ${nodeVersion()}`, ...peers.map(({name, version}) => `${name} ${version}`)],
  }
}

function nodeVersion(): string {
  return execFileSync(RUNTIMES.node, ['--version'], {encoding: 'utf8'}).trim().slice(1)
}

function rulesOf({discipline, rules}: Rules, peers: readonly PeerFacts[]): string {
  return discipline === 'drain' ? `${rules} In hand: ${peers.map(({name, inHand}) => `${name}: ${inHand}`).join('; ')}.` : rules
}

function entriesOf({id, name, runtime, settings, pollMs}: PeerFacts, {discipline, jobs}: Rules): readonly Entry[] {
  return settings.map((setting, at) => ({
    contender: {name, setting, isDefault: at === 0},
    turn: last => turn({kind: 'measure', peer: id, setting: setting.name, discipline, jobs: howMany(last, jobs, pollMs)}, runtime),
  }))
}

/** As many as take the time, going by the last rate. */
function howMany(last: number | null, {least, most, step}: Rules['jobs'], pollMs: number | null): number {
  if (least === most) return scaled(pollMs === 0 ? most : POLLED)
  return scaled(Math.min(Math.max((last ?? 0) * SECONDS, least), most), step)
}

/** In a directory of its own. */
async function turn(task: Omit<Measurement, 'directory'>, runtime: PeerFacts['runtime']): Promise<Turn> {
  const directory = newPath('peer')
  mkdirSync(directory)
  // PostgreSQL refuses to be root's: another user has to get at its files.
  for (const path of [scratch, directory]) chmodSync(path, 0o755)
  try {
    const answer = await ask({...task, directory}, runtime)
    if (answer.kind === 'peers' || answer.kind === 'moments') throw new TypeError(`${answer.kind} are no measurement`)
    return answer
  } finally {
    rmSync(directory, {recursive: true, force: true})
  }
}

async function ask(task: PeerTask, runtime: PeerFacts['runtime'] = 'node'): Promise<Answer> {
  await using worker = new Worker<Answer>(SCRIPT, task, RUNTIMES[runtime])
  return await worker.result().catch((error: Error): Answer => ({kind: 'failed', why: error.message}))
}
