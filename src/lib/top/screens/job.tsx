import {realpathSync} from 'node:fs'
import {Box} from 'ink'
import type {ReactNode} from 'react'
import type {RunOutput} from '../../job.ts'
import {SpoolDirectory} from '../../output-spool.ts'
import {Attempts} from '../components/attempts.tsx'
import {Line} from '../components/line.tsx'
import {Rule} from '../components/rule.tsx'
import {useTheme} from '../hooks/use-theme.ts'
import type {SeenJob} from '../job-reader.ts'
import {defineScreen, type Moment} from '../screen.ts'
import type {Sources} from '../sources.ts'
import {type Words, wordsWidth} from '../words.ts'
import {JOB_KEYS} from './job-keys.ts'
import {bodyRows, linesOf} from './job-lines.ts'
import {isLive, JOB_TABS, type JobFacts, type JobOwn, type JobTab, runShown} from './job-own.ts'

/** What a run prints is looked for so often while it is followed. */
const FOLLOWING_MS = 200

/** Everything about one job. */
export const JOB = defineScreen<JobOwn, JobFacts>({
  id: 'job',
  title: 'Job',
  digit: null,
  start: {id: 0, tab: 'summary', offset: 0, run: null},
  keys: JOB_KEYS,
  look,
  View: JobView,
  paceMs: (own, facts) => (own.tab === 'output' && facts?.seen?.job.state === 'processing' ? FOLLOWING_MS : null),
})

async function look({id, tab}: JobOwn, sources: Sources): Promise<JobFacts> {
  const needsOutput = tab === 'summary' || tab === 'output'
  const [seen, consumers] = await Promise.all([sources.reader.read(id, {output: needsOutput}), sources.session.storage.consumers()])
  const live = seen !== null && needsOutput ? await liveOutput(seen, sources) : null
  return {seen, live, consumers: consumers.map(({name}) => name)}
}

async function liveOutput({job}: SeenJob, sources: Sources): Promise<RunOutput | null> {
  const file = job.state === 'processing' ? await sources.file() : null
  return file === null ? null : new SpoolDirectory(realpathSync(file)).read(job)
}

const TITLES: Readonly<Record<JobTab, string>> = {summary: 'Summary', payload: 'Payload', attempts: 'Attempts', output: 'Output', timeline: 'Timeline', json: 'Raw JSON'}

function JobView(moment: Moment<JobOwn, JobFacts>): ReactNode {
  const {own, facts, frame} = moment
  const {glyphs} = useTheme()
  const {columns: width} = frame
  const seen = facts?.seen ?? null
  if (seen === null) return <Line words={{text: facts === null ? ' looking ...' : ` there is no job ${own.id}, or no more`, tone: 'dim'}} width={width} />
  const height = bodyRows(own.tab, frame)
  const lines = linesOf(moment, glyphs.arrows.right)
  const last = Math.max(0, lines.length - height)
  const first = own.offset === 'end' ? last : Math.min(own.offset, last)
  const {job} = seen
  return (
    <Box flexDirection="column">
      <Rule width={width} title={`Job ${job.id} ${glyphs.rule} ${job.queue} ${glyphs.rule} ${glyphs.states[job.state]} ${job.state}${job.reason === null ? '' : ` (${job.reason})`}`} />
      <JobTabs own={own} seen={seen} width={width} place={lines.length > height ? `${first + 1}-${first + Math.min(height, lines.length - first)} of ${lines.length}` : ''} />
      {own.tab === 'output' ? <Rule width={width} title={outputTitle(own, seen)} /> : null}
      {own.tab === 'attempts' ? (
        <Attempts seen={seen} run={runShown(own, seen)} width={width} height={height} now={moment.at} />
      ) : (
        lines.slice(first, first + height).map((words, at) => <Line key={at} words={words} width={width} />)
      )}
      {own.tab === 'output' && lines.length === 0 ? <Line words={{text: ` ${silence(own, seen)}`, tone: 'dim'}} width={width} /> : null}
    </Box>
  )
}

interface JobTabsProps {
  readonly own: JobOwn
  readonly seen: SeenJob
  readonly width: number
  /** Which lines are shown. */
  readonly place: string
}

function JobTabs({own, seen, width, place}: JobTabsProps): ReactNode {
  const tabs = JOB_TABS.map((tab): Words => {
    const name = tab === 'attempts' && seen.runs.length > 0 ? `${TITLES[tab]} ${seen.runs.length}` : TITLES[tab]
    return tab === own.tab ? {text: `[${name}]`, tone: 'title'} : ` ${name} `
  })
  const gap = ' '.repeat(Math.max(1, width - wordsWidth(tabs) - place.length - 1))
  return <Line words={[tabs, gap, {text: place, tone: 'dim'}]} width={width} />
}

function outputTitle(own: JobOwn, seen: SeenJob): string {
  const shown = runShown(own, seen)
  if (shown === null) return 'not run yet'
  const run = seen.runs.find(one => one.run === shown)
  if (run !== undefined) return `run ${shown}, attempt ${run.attempt}: ${run.outcome}`
  return `run ${shown}, attempt ${seen.job.attempts}: goes on${own.offset === 'end' ? ', following' : ''}`
}

function silence(own: JobOwn, seen: SeenJob): string {
  const run = runShown(own, seen)
  if (run === null) return `it is ${seen.job.state}; what it prints is shown here when it runs`
  return isLive(seen, run) ? 'nothing printed yet, or nothing that can be seen from this host' : 'it printed nothing'
}
