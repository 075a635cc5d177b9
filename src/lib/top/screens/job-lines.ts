import type {RunOutput} from '../../job.ts'
import {jsonLines, payloadLines} from '../job-payload.ts'
import type {SeenJob} from '../job-reader.ts'
import {factLines, timelineLines} from '../job-story.ts'
import {printedLines} from '../printed.ts'
import type {Frame, Moment} from '../screen.ts'
import type {Words} from '../words.ts'
import {isLive, type JobFacts, type JobOwn, type JobTab, runShown} from './job-own.ts'

/** So much of the end of the output is in the summary. */
const TAIL = 8

/** Lines for what a tab shows: below a heading and the tabs, and in the output a heading of its own. */
export function bodyRows(tab: JobTab, {rows}: Frame): number {
  return Math.max(1, rows - (tab === 'output' ? 3 : 2))
}

/**
 * What a tab shows, all of it; attempts are a table.
 * @param arrow between two states
 */
export function linesOf({own, facts, at, frame: {columns: width}}: Moment<JobOwn, JobFacts>, arrow: string): readonly Words[] {
  const seen = facts?.seen ?? null
  if (facts === null || seen === null) return []
  switch (own.tab) {
    case 'summary':
      return [...factLines(seen, at, width), ...tail(seen, facts, width)]
    case 'payload':
      return payloadLines(seen, width)
    case 'attempts':
      return []
    case 'output':
      return printedLines(outputOf(own, facts, seen), width)
    case 'timeline':
      return timelineLines(seen, width, arrow)
    case 'json':
      return jsonLines(seen, at, width)
  }
}

/** What the run that is looked at has printed. */
function outputOf(own: Pick<JobOwn, 'run'>, {live}: JobFacts, seen: SeenJob): RunOutput | null {
  const run = runShown(own, seen)
  return isLive(seen, run) ? live : (seen.output.get(run ?? 0) ?? null)
}

function tail(seen: SeenJob, facts: JobFacts, width: number): readonly Words[] {
  const run = runShown({run: null}, seen)
  if (run === null) return []
  const lines = printedLines(outputOf({run: null}, facts, seen), width)
  const count = lines.length > TAIL ? `, the last ${TAIL} of ${lines.length} lines (o: all)` : ''
  return ['', {text: ` run ${run} ${lines.length === 0 ? 'printed nothing' : 'printed'}${count}`, tone: 'bold'}, ...lines.slice(-TAIL)]
}
