/** What of the bench is published: docs/benchmark.md and its chart, and a short table on the README. Nobody writes these by hand. */
import {existsSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {chart} from './chart.ts'
import type {Outcome} from './contest.ts'
import {chapter, summary} from './ranking.ts'

const root = join(import.meta.dirname, '../..')
const PAGE = join(root, 'docs/benchmark.md')
const CHART = join(root, 'docs/benchmark.svg')
const README = join(root, 'README.md')

/** The page with nothing measured yet. */
const FRAME = `# Benchmark

Written by \`npm run bench -- --write-docs\`; \`npm run bench -- peers --write-docs\` measures the first part again, \`npm run bench -- w --write-docs\`
the second. Both install what they compare with from npm and Debian, and start and stop it themselves. \`BENCH_DIR\` chooses the disk;
\`ROUNDS=1 SCALE=0.05\` is a quick look whose figures mean nothing.

## qctl and its peers

Everybody works with default settings, and once more so that an answered job is on the disk by fsync where that can be set: that is what qctl does
by default. In each round everybody has one turn, and each turn starts with an empty queue in new processes. Ratios are taken
within a round. A job that is not run counts as lost, one that is run twice as doubled. All run on one machine, servers included.

![Bars of all contests](benchmark.svg)

<!-- peers -->
<!-- /peers -->

## qctl and bare SQLite

The same statements: what the engine asks of SQLite, done again by a bare loop. The ideal: a queue of one table without any features.

<!-- engine -->
<!-- /engine -->
`

/** Text between two marks is replaced. @throws when the marks are not there */
export function replaceSection(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`there is no section ${name}`)
  return `${text.slice(0, from + begin.length)}\n${content.trimEnd()}\n${text.slice(to)}`
}

/** Looks before anything is measured whether there is a place to write it. @throws when the README has none */
export function assertPublishable(): void {
  replaceSection(readFileSync(README, 'utf8'), 'benchmark', '')
}

/** Writes what the peers did. @param foot where and when */
export function publishPeers(outcomes: readonly Outcome[], circumstances: string, foot: readonly string[]): void {
  publish('peers', [...outcomes.map(chapter), '### Circumstances\n', listed(circumstances)].join('\n'))
  writeFileSync(CHART, chart(outcomes, foot))
  writeFileSync(README, replaceSection(readFileSync(README, 'utf8'), 'benchmark', firstScreen(outcomes, foot)))
}

function firstScreen(outcomes: readonly Outcome[], foot: readonly string[]): string {
  return `
![Bars: qctl and its peers](docs/benchmark.svg)

${summary(outcomes)}
${foot.join('; ')}. All figures, and how they are taken: [docs/benchmark.md](docs/benchmark.md), written by \`npm run bench -- --write-docs\`, which
checks meanwhile that nobody loses or doubles a job.
`
}

/** Writes how the engine did. */
export function publishEngine(tables: string, circumstances: string): void {
  publish('engine', `\n${tables}\n${listed(circumstances)}`)
}

function publish(name: string, content: string): void {
  // The frame of now, with what the other part has measured.
  const old = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : FRAME
  const page = ['peers', 'engine'].reduce((text, section) => replaceSection(text, section, section === name ? content : sectionOf(old, section)), FRAME)
  writeFileSync(PAGE, page)
}

function sectionOf(text: string, name: string): string {
  return text.split(`<!-- ${name} -->`)[1]?.split(`<!-- /${name} -->`)[0]?.trim() ?? ''
}

function listed(lines: string): string {
  return lines.trimEnd().split('\n').map(line => `- ${line}\n`).join('')
}
