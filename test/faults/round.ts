/**
 * `npm run faults`: every scenario at its full size, and then the table of what they came to, in docs/faults.md.
 * `npm run faults -- WORDS`: only the scenarios whose name contains these words; their table is printed.
 */
import {spawn} from 'node:child_process'
import {existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {circumstances, missingFaults, tables} from './support/paper.ts'
import type {Report} from './support/report.ts'
import {SEED} from './support/seed.ts'

const ROOT = join(import.meta.dirname, '../..')
const PAPER = join(ROOT, 'docs/faults.md')
/** The slowest first, so that none of them is left alone in the end. */
const PLACES = ['test/supervisor/supervisord.test.ts', 'test/acceptance/*.test.ts', 'test/faults/*.test.ts']
const LIMIT_MS = 1_200_000
/** So many files at a time: most of the time of a scenario is spent waiting. */
const LANES = 2

const words = process.argv.slice(2).join(' ')

/** Runs the scenarios of some files. Returns the exit status; what they print comes as they end. */
async function run(files: readonly string[], reports: string): Promise<number> {
  const only = words === '' ? [] : ['-t', RegExp.escape(words)]
  const env = {...process.env, FAULTS: 'full', FAULTS_SEED: String(SEED), FAULTS_REPORT: reports}
  const child = spawn(process.execPath, ['test', '--timeout', String(LIMIT_MS), ...only, ...files.map(file => `./${file}`)], {cwd: ROOT, env})
  const printed: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => printed.push(bytes))
  const status = await new Promise<number>((resolve, reject) => child.on('error', reject).on('close', code => resolve(code ?? 1)))
  process.stdout.write(Buffer.concat(printed))
  return status
}

/** Runs all of them, some at a time. Returns the exit status of the worst. */
async function runAll(files: readonly string[], reports: string): Promise<number> {
  const left = [...files]
  const statuses: number[] = []
  const lane = async (): Promise<void> => {
    for (let file = left.shift(); file !== undefined; file = left.shift()) statuses.push(await run([file], reports))
  }
  await Promise.all(Array.from({length: LANES}, lane))
  return Math.max(...statuses)
}

function read(path: string): readonly Report[] {
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').map(line => JSON.parse(line) as Report) : []
}

function paper(reports: readonly Report[], seconds: number): string {
  return `# What qctl stands

Written by \`npm run faults\`: one command, one commit, all scenarios at full length on the compiled binary, two at a time. N is how often the fault was there.
None found in N independent tries says, with 95 % confidence, that it happens in fewer than 3/N of them; so every zero has its N beside it.

Lost: the id was printed, and the job is gone or changed. Overlap: two handlers of one job at the same time, or what one left behind beside the
next. Late ack accepted: the end of a run counted although the job had been granted again. All three are found by an
[auditor](../test/faults/auditor.ts) that knows nothing of qctl, from what producers were told, what handlers wrote down, and what the queue
says in the end; the broken queues of the first table show that it finds them.

${circumstances(SEED, seconds)}
To repeat one: \`FAULTS_SEED=${SEED} npm run faults -- 'words of its name'\`. The seed decides moments and places; what the machine makes of
them differs from run to run.

${tables(reports, true)}`
}

const directory = mkdtempSync(join(tmpdir(), 'qctl-faults-'))
const begin = performance.now()
const reportFile = join(directory, 'reports.ndjson')
const files = PLACES.flatMap(place => globSync(place, {cwd: ROOT}).toSorted())
// With words in one process, because a file in which nothing is so called is an error.
const status = await (words === '' ? runAll(files, reportFile) : run(files, reportFile))
const reports = read(reportFile)
rmSync(directory, {recursive: true})
const missing = words === '' ? missingFaults(reports) : []
for (const name of missing) console.error(`no scenario has reported on: ${name}`)
if (words === '') writeFileSync(PAPER, paper(reports, (performance.now() - begin) / 1000))
else console.log(`\n${circumstances(SEED, (performance.now() - begin) / 1000)}\n${tables(reports, false)}`)
process.exitCode = status !== 0 || missing.length > 0 ? 1 : 0
