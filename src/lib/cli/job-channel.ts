/** The handler's end of its channel: says one thing to the consumer that runs this job, and waits until it is taken. */
import {QctlError} from '../errors.ts'
import type {Claim} from '../job.ts'
import {LINE_MAX_BYTES, readAnswer, type Saying, writeMessage} from '../job-message.ts'
import {monotonicMs, sleep} from '../time.ts'
import {exchange} from './exchange.ts'

/** A consumer answers within a millisecond; one that is frozen or waits for its disk may take longer. */
const PATIENCE_MS = 10_000
/** The consumer hears others first: closed unheard, or its line of callers is full. To say a thing twice does no harm. */
const BUSY: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE', 'EAGAIN'])
const BUSY_PAUSE_MS = 20

/**
 * Says one thing about the run that this process belongs to.
 * @param environment of a handler: `QCTL_SOCKET`, `QCTL_JOB_ID`, `QCTL_FENCE`
 * @returns the claim it was said for
 * @throws QctlError `usage` outside of a handler, `conflict` when the run is over, `unavailable` when nobody answers
 */
export async function say(saying: Saying, environment: Readonly<Record<string, string | undefined>>): Promise<Claim> {
  const {socket, claim} = channelOf(environment)
  const message = writeMessage({claim, saying})
  const end = monotonicMs() + PATIENCE_MS
  for (;;) {
    try {
      readAnswer(await exchange(socket, message, {patienceMs: end - monotonicMs(), impatient: unanswered, maxBytes: LINE_MAX_BYTES}))
      return claim
    } catch (error) {
      if (error instanceof QctlError) throw error
      if (!BUSY.has(codeOf(error)) || monotonicMs() > end) throw unreachable(error)
      await sleep(BUSY_PAUSE_MS * (0.5 + Math.random()))
    }
  }
}

function channelOf({QCTL_SOCKET: socket, QCTL_JOB_ID: id, QCTL_FENCE: fence}: Readonly<Record<string, string | undefined>>) {
  if (!socket || !id || !fence) {
    throw new QctlError('usage', 'this works only inside a handler that qctl consume runs: there is no QCTL_SOCKET', {
      hint: 'qctl help handlers',
    })
  }
  return {socket, claim: {id: Number(id), fence: Number(fence)}}
}

function unanswered(): QctlError {
  return new QctlError('unavailable', 'the consumer of this job does not answer')
}

function unreachable(error: unknown): QctlError {
  const code = codeOf(error)
  if (code === 'EACCES' || code === 'EPERM') return new QctlError('permission', 'the socket of the consumer belongs to another user')
  const why = code === 'ENOENT' || code === 'ECONNREFUSED' ? 'it is not there any more' : String(code)
  return new QctlError('unavailable', `the consumer of this job cannot be reached: ${why}`, {cause: error})
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null
}
