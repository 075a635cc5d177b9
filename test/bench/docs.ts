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

## Where a goal is missed, and why

- **One add at a time (W1a, W1b).** Beside the statements an add takes a turn of the event loop, in which what others ask joins its commit, and a look
  at the directory, so that nothing is written into a deleted file: about 30 µs. The ideal has a narrow row without checks, and counts nothing.
- **Bulk (W2).** The row is wider than the ideal's: checksum, counters, limits of its own, and constraints that SQLite checks.
- **Claim and ack (W3).** Every run leaves a row of history, every claim a lease, every commit the counters and histograms of its queue: 26 pages
  per 100 jobs where the ideal writes 17. By ones (W3b) the statements of a claim weigh most: limits, lanes, assignments and suspects are looked up
  for each.
- **Producers beside consumers (W4).** Ten processes on two processors: each commit of a producer wakes consumers, which take processor time from it.
  The same statements go faster by letting one producer starve; here the slower one is at most 1.5 times behind.
- **Pick-up (W6).** Waking a process and an fsync that follows an idle moment take more than a millisecond on this machine: the bare prototype, measured
  beside it, needs longer. The slow ones of a hundred fall into the pause of 4 ms between two rings of the bell.
- **An idle consumer (W6).** This is its first minute, with what it compiles and does once; later minutes take 0.08 s.
- **A process that submits (W7a).** Opening SQLite, its log and its checks costs more than twice the start of an empty program.
- **A command for each job.** Starting \`true\` costs 0.6 ms of processor here whoever does it, and 0.18 ms to ask for it; a pipe for each output, the
  groups, the history and the commits take 0.3 ms more. Submitting 500 jobs and starting the consumer take 0.2 s of the contest's 0.6 s.
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
