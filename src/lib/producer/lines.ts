import {newJob} from '../queue/new-job.ts'
import type {JobDefaults, NumberedJob} from './numbered-job.ts'
import {tooLarge} from './payload-limits.ts'
import {splitLines, wholeLines} from './whole-lines.ts'

/**
 * Reads one job per line: its bytes without the line feed, whatever they are. Empty lines are no jobs.
 * @param source the bytes, as they come
 * @param defaults everything but the payload
 * @param maxBytes the payload limit of the queue; nothing is read behind a line that is longer
 * @throws QctlError `payload_too_large` naming the line; the jobs before it are given out first
 */
export async function* readLineJobs(
  source: AsyncIterable<Uint8Array>,
  defaults: JobDefaults,
  maxBytes: number,
): AsyncGenerator<readonly NumberedJob[]> {
  // Only the payload differs: everything else is checked once.
  const common = newJob({...defaults, payload: new Uint8Array()})
  let line = 0
  const tooLong = () => tooLarge(`line ${line + 1}`, common.queue, maxBytes)
  for await (const block of wholeLines(source, {maxBytes, tooLong})) {
    const jobs: NumberedJob[] = []
    for (const payload of splitLines(block)) {
      if (payload.length > maxBytes) {
        yield jobs
        throw tooLong()
      }
      line += 1
      if (payload.length > 0) jobs.push({line, job: {...common, payload}})
    }
    yield jobs
  }
}
