import {Box} from 'ink'
import type {ReactNode} from 'react'
import {safeBytes} from '../../cli/safe-output.ts'
import type {Job, Run} from '../../job.ts'
import {formatDurationShort} from '../../time.ts'
import {useTheme} from '../hooks/use-theme.ts'
import {PASSING_BYTES, type SeenJob} from '../job-reader.ts'
import {size} from '../shown.ts'
import type {Words} from '../words.ts'
import {Line} from './line.tsx'
import {Rule} from './rule.tsx'

interface PreviewProps {
  readonly job: Job | null
  /** `null` when it is too large to be read in passing, or another one. */
  readonly seen: SeenJob | null
  readonly now: number
  readonly width: number
  /** What keys would act on, where it is not this job. */
  readonly hint: string
}

/** More of a payload is not shown in passing. */
const PEEK_BYTES = 400

/** The job under the cursor in passing. Three lines. */
export function JobPreview({job, seen, now, width, hint}: PreviewProps): ReactNode {
  const {rule} = useTheme().glyphs
  const title = [job === null ? '' : String(job.id), hint].filter(part => part !== '').join(` ${rule}${rule} `)
  const own = job !== null && seen?.job.id === job.id ? seen : null
  return (
    <Box flexDirection="column" height={3}>
      <Rule width={width} title={title} />
      <Line words={job === null ? '' : payloadWords(job, own)} width={width} />
      <Line words={job === null ? '' : lastWords(job, own, now)} width={width} />
    </Box>
  )
}

function payloadWords({payloadBytes}: Job, seen: SeenJob | null): Words {
  const head: Words = {text: ` payload ${size(payloadBytes).padStart(5)}  `, tone: 'dim'}
  if (payloadBytes > PASSING_BYTES) return [head, {text: 'too large to be shown in passing; Enter opens the job', tone: 'dim'}]
  return [head, seen === null ? '' : safeBytes(seen.payload.subarray(0, PEEK_BYTES))]
}

function lastWords({state, consumer, startedAt, progress}: Job, seen: SeenJob | null, now: number): Words {
  if (state === 'processing') {
    const span = startedAt === null ? '' : ` for ${formatDurationShort(Math.max(0, now - startedAt))}`
    return [{text: ' now            ', tone: 'dim'}, `on ${consumer ?? '?'}${span}${progress === null ? '' : `, ${Math.round(progress * 100)} %`}`]
  }
  const last = seen?.runs.at(-1)
  return [{text: ' last           ', tone: 'dim'}, last === undefined ? (seen === null ? '' : 'not run yet') : runWords(last)]
}

/** How a run ended, in a few words. */
function runWords({outcome, exitCode, signal, error, runMs, consumer, attempt}: Run): string {
  const facts = [outcome, exitCode === null ? null : `exit ${exitCode}`, signal, runMs === null ? null : `after ${formatDurationShort(runMs)}`, `on ${consumer}`, `(attempt ${attempt})`]
  return `${facts.filter(fact => fact !== null).join(' ')}${error === null ? '' : `: ${error}`}`
}
