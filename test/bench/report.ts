/** What the bench prints: Markdown, because it is published. */
import {execFileSync} from 'node:child_process'
import {cpus, loadavg, release, totalmem} from 'node:os'
import {join} from 'node:path'
import {DatabaseSync} from 'node:sqlite'
import pjson from '../../package.json' with {type: 'json'}
import {isReached, type Measured, ratios} from './measure.ts'
import {scratch} from './scratch.ts'
import {isFullSize} from './size.ts'
import {amount, NOTHING, ratio, spread, table} from './table.ts'
import type {Goal, Yardstick} from './workload.ts'

const NAMES: Readonly<Record<Yardstick, string>> = {same: 'same statements', ideal: 'ideal', beside: 'beside'}

/** The figures as tables: beside yardsticks that do the same work, and beside something else or nothing. */
export function tables(all: readonly Measured[]): string {
  const against = all.filter(({series}) => series.same !== undefined || series.ideal !== undefined)
  const others = all.filter(measured => measured.series.beside !== undefined || !against.includes(measured))
  return [
    ...(against.length > 0 ? [table(AGAINST, against.map(againstRow))] : []),
    ...(others.length > 0 ? [table(OTHERS, others.map(otherRow))] : []),
  ].join('\n')
}

const AGAINST = ['workload', 'unit', 'n', 'qctl', 'same statements', 'ideal', 'to same', 'to ideal', 'goal', 'reached']
const OTHERS = ['workload', 'unit', 'n', 'qctl', 'beside', 'ratio', 'goal', 'reached']

function againstRow(measured: Measured): readonly string[] {
  const {series, figure} = measured
  const isRatio = figure.unit === 'times'
  return [
    ...headOf(measured),
    spread(series.same, value => amount(value, figure.unit)),
    spread(series.ideal, value => amount(value, figure.unit)),
    isRatio ? NOTHING : spread(ratios(series, 'same'), ratio),
    isRatio ? NOTHING : spread(ratios(series, 'ideal'), ratio),
    ...goalsOf(measured, figure.goals.filter(({to}) => to !== 'beside')),
  ]
}

function otherRow(measured: Measured): readonly string[] {
  const {series, workload, figure} = measured
  const beside = spread(series.beside, value => amount(value, figure.unit))
  return [
    ...headOf(measured),
    beside === NOTHING ? NOTHING : `${workload.beside ?? ''} ${beside}`,
    spread(ratios(series, 'beside'), ratio),
    ...goalsOf(measured, figure.goals.filter(({to}) => to === 'beside' || to === null)),
  ]
}

function headOf({workload, figure, series}: Measured): readonly string[] {
  const values = series.qctl ?? []
  return [`${workload.name} ${figure.title}`, figure.unit, String(values.length), spread(values, value => amount(value, figure.unit))]
}

function goalsOf(measured: Measured, goals: readonly Goal[]): readonly string[] {
  if (goals.length === 0) return [NOTHING, NOTHING]
  const reached = goals.every(goal => isReached(measured, goal))
  return [goals.map(goal => goalText(goal, measured)).join(', '), reached ? 'yes' : '**no**']
}

function goalText({to, atLeast, atMost}: Goal, {figure, workload}: Measured): string {
  const bound = atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`
  if (to === null) return `${bound} ${figure.unit}`
  return `${bound} × ${to === 'beside' ? (workload.beside ?? '') : NAMES[to]}`
}

/** A machine that did more than this in the last minute was not only the bench's. */
const QUIET_LOAD = 0.7
const [loadBefore = 0] = loadavg()

/** What was measured on what, since `begun` on the clock of `performance`. */
export function circumstances(begun: number): string {
  const db = new DatabaseSync(':memory:')
  const sqlite = String(db.prepare('SELECT sqlite_version() AS version').get()?.['version'])
  db.close()
  const command = ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ')
  const lines = [
    `${today()}: \`${command}\` took ${Math.round((performance.now() - begun) / 1000)} s`,
    `qctl ${pjson.version} (${revision()}), Bun ${Bun.version}, SQLite ${sqlite}, Linux ${release()}`,
    `${machine()}, files on ${fileSystem()}, load ${loadBefore.toFixed(1)} before`,
    'median (least–most) of n rounds; in each round every way once, in turn; ratios are taken within a round',
    ...doubts(),
  ]
  return lines.map(line => `${line}\n`).join('')
}

/** Where and when, in a line; and why the figures are none, if so. */
export function place(): readonly string[] {
  return [`${today()}, ${machine()}, qctl ${pjson.version} (${revision()})`, ...doubts()]
}

function today(): string {
  return new Date().toISOString().slice(0, 10)
}

function machine(): string {
  return `${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB`
}

/** Why the figures are none. */
function doubts(): readonly string[] {
  return [
    ...(isFullSize ? [] : ['ROUNDS or SCALE is set: these figures show that the bench works and nothing else']),
    ...(loadBefore <= QUIET_LOAD ? [] : [`provisional: the machine was busy with other work (load ${loadBefore.toFixed(1)})`]),
  ]
}

function revision(): string {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, {cwd: join(import.meta.dirname, '../..'), encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']}).trim()
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--', 'src') === '' ? '' : ' with changes'}`
  } catch {
    return 'not from a repository'
  }
}

function fileSystem(): string {
  try {
    const [, type] = execFileSync('df', ['--output=fstype', scratch], {encoding: 'utf8'}).trim().split('\n')
    return type ?? 'an unknown file system'
  } catch {
    return 'an unknown file system'
  }
}
