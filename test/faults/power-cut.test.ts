/**
 * The power is cut at thousands of moments of a recorded run, and each time the disk holds what it may then hold. The controls are the
 * same without a sync, or with the durability that forgoes it: there jobs have to be missing, or this would prove nothing.
 */
import {beforeAll, expect} from 'bun:test'
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {DatabaseSync} from 'node:sqlite'
import {HANDLER} from './support/evidence.ts'
import {type Cut, CutDisk, CUTS} from './support/power-cut.ts'
import {readSteps, type Step, writeRecorder} from './support/recorded-writes.ts'
import {describe, figure, under} from './support/report.ts'
import {requirePtrace} from './support/rights.ts'
import {Scene} from './support/scene.ts'
import {random} from './support/seed.ts'
import {sized} from './support/size.ts'

const storing = under('the power is cut while jobs are stored')
const checkpointing = under('the power is cut during a checkpoint: torn and reordered sectors')
const working = under('the power is cut while jobs are claimed and done')
const measuring = under('broken queues, which the auditor has to find')

beforeAll(requirePtrace)

/** As codes of the state, in the file. */
const DONE = 4
/** So many images are also opened by the binary, which then has to go on working. */
const BY_BINARY = sized(6, 60)
const CONTROL = join(import.meta.dirname, 'control/broken-queue.ts')

/** What was told until some moment: jobs that are stored, runs that began, runs that are done. */
class Told {
  readonly ids = new Set<number>()
  readonly fences = new Map<number, number>()
  readonly done = new Set<number>()

  /** @param text whole lines of ids, of the ledger, and of a consumer's log */
  hear(text: string): void {
    for (const line of text.split('\n')) {
      const [, id = '', fence = ''] = /^start (\d+) \d+ (\d+) /.exec(line) ?? []
      if (/^\d+$/.test(line)) this.ids.add(Number(line))
      if (id !== '') this.fences.set(Number(id), Number(fence))
      if (line.includes('"to":"done"')) this.done.add((JSON.parse(line) as {job: number}).job)
    }
  }
}

interface Row {
  readonly id: number
  readonly state: number
  readonly fence: number
}

/** What is in a database after the power came back; `null` when it does not even hold the tables. */
function jobsIn(path: string): {readonly rows: readonly Row[]; readonly integrity: string} | null {
  if (!existsSync(path)) return null
  using db = new DatabaseSync(path)
  try {
    const tables = db.prepare("SELECT count(*) AS count FROM sqlite_schema WHERE name = 'job'").get()
    if (tables?.['count'] !== 1) return null
    const rows = db.prepare('SELECT id, state, fence FROM job').all().map(row => ({id: Number(row['id']), state: Number(row['state']), fence: Number(row['fence'])}))
    return {rows, integrity: String(db.prepare('PRAGMA integrity_check').get()?.['integrity_check'])}
  } catch (error) {
    return {rows: [], integrity: String(error)}
  }
}

/** What is wrong with an image: promises that were made and are not kept. */
function brokenPromises(path: string, told: Told): string[] {
  const found = jobsIn(path)
  if (found === null) return [...told.ids].map(id => `lost ${id}`)
  const byId = new Map(found.rows.map(row => [row.id, row]))
  return [
    ...(found.integrity === 'ok' ? [] : [`damaged: ${found.integrity}`]),
    ...[...told.ids].filter(id => !byId.has(id)).map(id => `lost ${id}`),
    ...[...told.done].filter(id => byId.get(id)?.state !== DONE).map(id => `undone ${id}`),
    ...[...told.fences].filter(([id, fence]) => (byId.get(id)?.fence ?? 0) < fence).map(([id]) => `fence back ${id}`),
  ]
}

interface Tried {
  images: number
  readonly lost: number[]
  readonly problems: string[]
}

interface Cuts {
  /** So many images at least. */
  readonly count: number
  /** So many of them are taken on by the binary. */
  readonly byBinary?: number
  /** The moments that matter. */
  readonly isMeant?: (disk: CutDisk) => boolean
}

/** Cuts the power at moments of a recording, in each way, until there are so many images. */
async function cutPower(scene: Scene, steps: readonly Step[], {count, byBinary = BY_BINARY, isMeant = () => true}: Cuts): Promise<Tried> {
  const share = Math.ceil(count / CUTS.length) / countMoments(steps, isMeant)
  const disk = new CutDisk(random)
  const told = new Told()
  const tried: Tried = {images: 0, lost: [], problems: []}
  // A little more than nothing, as shares do not add up exactly.
  let due = 1e-6
  for (const [at, step] of steps.entries()) {
    disk.take(step)
    if (step.kind === 'told') told.hear(step.text)
    if (!isMeant(disk)) continue
    // Several images of a moment differ in what of them is torn.
    for (due += share; due >= 1; due -= 1) {
      for (const cut of CUTS) await tryImage(scene, disk, {cut, at, told, tried, every: count / byBinary})
    }
  }
  return tried
}

function countMoments(steps: readonly Step[], isMeant: (disk: CutDisk) => boolean): number {
  const disk = new CutDisk(() => 0)
  return steps.filter(step => {
    disk.take(step)
    return isMeant(disk)
  }).length
}

interface Moment {
  readonly cut: Cut
  readonly at: number
  readonly told: Told
  readonly tried: Tried
  readonly every: number
}

async function tryImage(scene: Scene, disk: CutDisk, {cut, at, told, tried, every}: Moment): Promise<void> {
  const directory = scene.path('image')
  disk.writeImage(directory, cut)
  const path = `${directory}/q.db`
  const problems = brokenPromises(path, told).map(problem => `${problem} (${cut} at step ${at})`)
  tried.lost.push(problems.filter(problem => problem.startsWith('lost')).length)
  tried.problems.push(...problems)
  if (tried.images % Math.ceil(every) === 0) {
    const {status, stdout, stderr} = await scene.qctl(['produce', 'after the cut', '--db', path])
    if (status !== 0 || told.ids.has(Number(stdout))) tried.problems.push(`produce ends with ${status} and ${stdout}${stderr} (${cut} at step ${at})`)
  }
  tried.images += 1
}

/** Runs a line of shell, `$Q` being the binary, and gives all it did to the files of its database. */
async function record(scene: Scene, line: string): Promise<Step[]> {
  const [recording, told, ledger] = ['recording', 'told', 'ledger'].map(name => scene.path(name))
  const directory = scene.path('disk')
  scene.database = scene.path('disk', 'q.db')
  const env = {TOLD: told, LEDGER: ledger}
  const {status, stderr} = await scene.sh(`mkdir -m 700 disk; ${line}`, {wrap: writeRecorder(recording ?? ''), env})
  expect([status, stderr]).toEqual([0, stderr])
  return readSteps(recording ?? '', directory, [told ?? '', ledger ?? ''])
}

const LINES = sized(40, 150)
const STORE = `seq -f 'line %g' ${LINES} | "$Q" produce --lines --batch 1 >>"$TOLD"`
const STORE_IN_CONTROL = (flaw: string): string => `${process.execPath} ${CONTROL} disk/q.db ${flaw} fill ${LINES} >>"$TOLD"`

function said(tried: Tried): string {
  return `${tried.images} images of the disk, ${Math.min(BY_BINARY, tried.images)} of them taken on by the binary: ids printed and lost 0, damaged 0`
}

describe('the power cut', () => {
  storing(`amid the making of the database and ${LINES} commits: every id that was printed is there`, async () => {
    await using scene = new Scene()
    const steps = await record(scene, STORE)
    const tried = await cutPower(scene, steps, {count: sized(300, 5000)})
    expect(tried.problems).toEqual([])
    expect(steps.filter(({kind}) => kind === 'told').length).toBeGreaterThanOrEqual(LINES)
    figure(tried.images, said(tried))
  }, 600_000)

  measuring.each([
    ['a sound queue: all is there', 'none', STORE_IN_CONTROL('none')],
    ['synchronous=OFF: jobs are lost, and files may be damaged', 'OFF', STORE_IN_CONTROL('unsynced')],
    ['qctl with --durability normal: jobs are lost', 'normal', `"$Q" init --durability normal; ${STORE}`],
  ])('of %s', async (_, kind, line) => {
    await using scene = new Scene()
    const {images, lost, problems} = await cutPower(scene, await record(scene, line), {count: sized(150, 600), byBinary: 0})
    const losses = lost.filter(count => count > 0)
    const damaged = problems.filter(problem => problem.startsWith('damaged')).length
    expect([losses.length > 0, kind === 'OFF' || damaged === 0]).toEqual([kind !== 'none', true])
    figure(images, `${kind}: ${losses.length} of ${images} images lack ids that were printed, up to ${Math.max(0, ...losses)} of them; damaged ${damaged}`)
  }, 600_000)

  checkpointing('while the log is copied into the database', async () => {
    await using scene = new Scene()
    // Each process that is the last one copies the log when it ends; `reap` also cuts it off; much at once makes a commit do it.
    const each = `for i in $(seq ${sized(6, 20)}); do "$Q" produce "one $i" >>"$TOLD"; done; "$Q" reap --once`
    const bulk = `seq -f '%0900g' ${sized(600, 1500)} | "$Q" produce --lines --batch 500 >>"$TOLD"`
    const steps = await record(scene, `${each}; ${STORE}; ${bulk}; "$Q" reap --once`)
    const tried = await cutPower(scene, steps, {count: sized(150, 3000), isMeant: disk => disk.isDirty('q.db')})
    expect(tried.problems).toEqual([])
    figure(tried.images, said(tried))
  }, 900_000)

  working('while jobs are claimed and done: none is lost, none that was reported done is undone, and no fence is given twice', async () => {
    await using scene = new Scene()
    const jobs = sized(12, 60)
    const produce = `seq -f 'line %g' ${jobs} | "$Q" produce --lines >>"$TOLD"`
    const steps = await record(scene, `${produce}; "$Q" consume --drain -c 3 --log-format json -- ${HANDLER} 2>>"$TOLD"`)
    const tried = await cutPower(scene, steps, {count: sized(150, 3000)})
    expect(tried.problems).toEqual([])
    const told = new Told()
    for (const step of steps) if (step.kind === 'told') told.hear(step.text)
    expect([told.ids.size, told.fences.size, told.done.size]).toEqual([jobs, jobs, jobs])
    figure(tried.images, `${said(tried)}; runs reported done and not done 0, fences given to a handler and taken back 0`)
  }, 900_000)
})
