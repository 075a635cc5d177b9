import {factsOf, told} from '../cli/job-text.ts'
import {safeBytes} from '../cli/safe-output.ts'
import type {Run} from '../job.ts'
import {formatDurationShort} from '../time.ts'
import {formatTime} from '../time-parse.ts'
import type {SeenJob} from './job-reader.ts'
import {folded, type Words} from './words.ts'

/** More of a result is in the raw JSON. */
const SHOWN_RESULT_BYTES = 1000

/** All that is to be said of a job, name by name. */
export function factLines({job}: SeenJob, now: number, width: number): readonly Words[] {
  const result = job.result === null ? null : safeBytes(job.result.subarray(0, SHOWN_RESULT_BYTES))
  const facts = [...factsOf(job, now), ['result', result] as const].flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]))
  const margin = Math.max(...facts.map(([name]) => name.length)) + 3
  return facts.flatMap(([name, value]) =>
    folded(value, Math.max(1, width - margin)).map((line, at): Words => [{text: ` ${(at === 0 ? name : '').padEnd(margin - 1)}`, tone: 'dim'}, line]),
  )
}

/** How a run ended, in a few words. */
export function runEnd({outcome, exitCode, signal, cause, error}: Run): string {
  const facts = [outcome, exitCode === null ? null : `exit ${exitCode}`, signal, cause].filter(fact => fact !== null).join(' ')
  return error === null ? facts : `${facts}: ${error}`
}

interface Chapter {
  readonly at: number
  readonly who: string
  readonly what: string
}

/**
 * What happened to a job, oldest first: when, by whom, what.
 * @param arrow between two states
 */
export function timelineLines(seen: SeenJob, width: number, arrow: string): readonly Words[] {
  const chapters = chaptersOf(seen, arrow)
  const who = Math.min(24, Math.max(...chapters.map(chapter => chapter.who.length)))
  return chapters.flatMap(chapter => {
    const time = ` ${formatTime(chapter.at)}  `
    const margin = time.length + who + 2
    const name = chapter.who.length > who ? `${chapter.who.slice(0, who - 1)}~` : chapter.who.padEnd(who)
    return folded(chapter.what, Math.max(10, width - margin)).map((part, at): Words => (at === 0 ? [{text: time, tone: 'dim'}, {text: name, tone: 'bold'}, '  ', part] : [' '.repeat(margin), part]))
  })
}

function chaptersOf({job, runs, events}: SeenJob, arrow: string): readonly Chapter[] {
  const isLive = job.state === 'processing' && job.startedAt !== null
  const chapters: readonly Chapter[] = [
    {at: job.createdAt, who: '-', what: `submitted to ${job.queue}`},
    ...runs.flatMap(run => [
      {at: run.startedAt, who: run.consumer, what: `run ${run.run} begins: attempt ${run.attempt}`},
      {at: run.finishedAt, who: run.consumer, what: `run ${run.run} ends: ${runEnd(run)}${run.runMs === null ? '' : ` (${formatDurationShort(run.runMs)})`}`},
    ]),
    ...(isLive ? [{at: job.startedAt ?? 0, who: job.consumer ?? '-', what: `run ${job.fence} begins: attempt ${job.attempts}, and goes on`}] : []),
    ...events.map(event => {
      const {change, why} = told(event, arrow)
      return {at: event.at, who: event.actor, what: `${change}: ${why}`}
    }),
  ]
  return chapters.toSorted((a, b) => a.at - b.at)
}
