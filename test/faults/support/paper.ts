/** The reports of a round as Markdown, because it is published. */
import {execFileSync} from 'node:child_process'
import {cpus, release, tmpdir, totalmem} from 'node:os'
import {join} from 'node:path'
import {DatabaseSync} from 'node:sqlite'
import pjson from '../../../package.json' with {type: 'json'}
import {faults} from './catalogue.ts'
import type {Report} from './report.ts'

/** All runs of one scenario. */
interface Scenario {
  readonly fault: string
  readonly title: string
  readonly n: number
  readonly figures: readonly string[]
  readonly result: string
  readonly seconds: number
}

const HEAD = ['scenario', 'N', 'figures', 'result', 's']

/** The runs of each scenario taken together, in the order in which they were made. */
export function scenariosOf(reports: readonly Report[]): readonly Scenario[] {
  return [...Map.groupBy(reports, ({fault, title}) => `${fault}\0${title}`).values()].map(runs => {
    const ended = runs.filter(({verdict}) => verdict !== 'began')
    const [{fault, title} = {fault: '', title: ''}] = runs
    return {
      fault,
      title,
      n: ended.reduce((sum, {n}) => sum + n, 0),
      figures: [...new Set(ended.flatMap(({figures}) => figures))],
      result: resultOf(runs.length - ended.length, ended),
      seconds: ended.reduce((sum, {seconds}) => sum + seconds, 0),
    }
  })
}

function resultOf(begun: number, ended: readonly Report[]): string {
  const failed = ended.filter(({verdict}) => verdict === 'failed').length
  // A run is reported when it begins and when it ends.
  const unfinished = begun - ended.length
  return failed === 0 && unfinished === 0 ? 'held' : `**failed** ${failed + unfinished} of ${begun}`
}

/** The faults of the catalogue on which nothing was reported and which say not why. */
export function missingFaults(reports: readonly Report[]): readonly string[] {
  const seen = new Set(reports.map(({fault}) => fault))
  return faults().filter(({name, absent}) => absent === null && !seen.has(name)).map(({name}) => name)
}

/**
 * A table per fault, by section.
 * @param isWhole false leaves out the faults that have no scenario
 */
export function tables(reports: readonly Report[], isWhole: boolean): string {
  const byFault = Map.groupBy(scenariosOf(reports), ({fault}) => fault)
  const sections = Map.groupBy(faults(), ({section}) => section)
  return [...sections].map(([section, rows]) => {
    const parts = rows.flatMap(({name}) => {
      const scenarios = byFault.get(name) ?? []
      return scenarios.length === 0 ? [] : [`### ${capital(name)}\n\n${table(scenarios.map(cells))}`]
    })
    const absent = rows.flatMap(({name, absent}) => (absent === null || !isWhole ? [] : [`- ${capital(name)}: ${absent.why}${where(absent.tests)}.\n`]))
    const notHere = absent.length === 0 ? [] : [`### Not in this round\n\n${absent.join('')}`]
    return parts.length + absent.length === 0 ? '' : `## ${section}\n\n${[...parts, ...notHere].join('\n')}`
  }).filter(Boolean).join('\n')
}

function where(tests: readonly string[]): string {
  return tests.length === 0 ? '' : ` (${tests.map(path => `\`${path}\``).join(', ')}, in every \`npm test\`)`
}

function cells({title, n, figures, result, seconds}: Scenario): readonly string[] {
  return [title.replaceAll(/%\w/g, '…'), n.toLocaleString('en'), figures.join('; '), result, seconds.toFixed(seconds < 10 ? 1 : 0)]
}

function table(rows: readonly (readonly string[])[]): string {
  const line = (texts: readonly string[]): string => `| ${texts.map(text => text.replaceAll('|', '\\|')).join(' | ')} |\n`
  return [line(HEAD), line(HEAD.map(() => '---')), ...rows.map(line)].join('')
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

/** What was tried on what. */
export function circumstances(seed: number, seconds: number): string {
  const lines = [
    `qctl ${pjson.version}, commit ${commit()}, ${new Date().toISOString().slice(0, 10)}; seed ${seed}; ${Math.round(seconds / 60)} minutes`,
    `Linux ${release()}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, files on ${fileSystem()}; Bun ${Bun.version}, SQLite ${sqliteVersion()}`,
  ]
  return lines.map(line => `- ${line}\n`).join('')
}

function sqliteVersion(): string {
  using db = new DatabaseSync(':memory:')
  return String(db.prepare('SELECT sqlite_version() AS version').get()?.['version'])
}

/** The commit, and whether the tree differs from it. */
function commit(): string {
  const root = join(import.meta.dirname, '../../..')
  const git = (...args: readonly string[]): string => execFileSync('git', args, {cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']}).trim()
  try {
    const changed = git('status', '--porcelain', '--', 'src', 'test', 'package.json')
    return `${git('rev-parse', '--short=12', 'HEAD')}${changed === '' ? '' : ' with changes'}`
  } catch {
    return 'unknown (not in a repository)'
  }
}

function fileSystem(): string {
  const [, type = 'an unknown file system'] = execFileSync('df', ['--output=fstype', tmpdir()], {encoding: 'utf8'}).trim().split('\n')
  return type
}
