/** Posts each job to a URL. There is no process: a run that has to end is cut off, whatever the receiver goes on doing. */
import {QctlError, sentence} from '../errors.ts'
import type {Lease} from '../job.ts'
import {bareEnd, type Outcome, type RunEnd} from '../outcome.ts'
import {systemClock} from '../time.ts'
import {exitOutcome} from './exit-policy.ts'
import {type Handler, type RunContext, stoppedOutcome, stopOf} from './handler.ts'
import {type HttpAnswer, answerOutcome} from './http-answer.ts'
import {jobHeaders, readHeaderFile} from './http-headers.ts'
import {HttpTarget} from './http-request.ts'
import {assertMayBePublic, PrivateAddress} from './public-address.ts'

export interface HttpOptions {
  readonly url: URL
  /** Also post to addresses of this host and its networks. */
  readonly allowPrivate: boolean
  /** More headers, for example with a token. */
  readonly headerFile?: string | undefined
}

/** A receiver that says nothing is not waited for longer, unless a timeout is set. */
const DEFAULT_LIMIT_MS = 300_000

/** The handler behind `consume --http`. */
export class HttpHandler implements Handler {
  readonly #target: HttpTarget
  readonly #headers: Readonly<Record<string, string>>
  /** How many runs in a row met a private address. */
  #streak = 0

  /** @throws QctlError when the URL or the header file cannot be right */
  constructor({url, allowPrivate, headerFile}: HttpOptions) {
    if (!allowPrivate) assertMayBePublic(url)
    this.#target = new HttpTarget(url, allowPrivate)
    this.#headers = headerFile === undefined ? {} : readHeaderFile(headerFile)
  }

  async run(lease: Lease, context: RunContext): Promise<RunEnd> {
    const headers = jobHeaders(this.#headers, lease, context)
    const limitMs = context.timeoutMs === null ? DEFAULT_LIMIT_MS : null
    try {
      const answer = await this.#target.post({headers, body: lease.payload, signal: context.signal, limitMs})
      this.#streak = 0
      keepAnswer(answer, context)
      return bareEnd(answerOutcome(answer, systemClock.wallNow()))
    } catch (error) {
      return bareEnd(this.#failure(error, context))
    }
  }

  async close(): Promise<void> {
    this.#target.close()
  }

  #failure(error: unknown, {signal}: RunContext): Outcome {
    const stop = stopOf(signal)
    if (stop !== null) return stoppedOutcome(stop)
    // As with a program that is not there: the jobs are not to blame.
    if (error instanceof PrivateAddress) {
      this.#streak += 1
      return exitOutcome({kind: 'unrunnable'}, {error: `${error.message} (${error.hint})`, streak: this.#streak, result: null})
    }
    this.#streak = 0
    if (error instanceof QctlError && error.code === 'timed_out') return {kind: 'timed_out', error: error.message}
    return {kind: 'failed', error: `no answer: ${firstSentence(error)}`, retryAfterMs: null}
  }
}

/** What a receiver says about a failure is the output of the run. */
function keepAnswer({status, body}: HttpAnswer, {output}: RunContext): void {
  if (status < 200 || status >= 300) output.write('stdout', body)
}

/** Where several addresses were tried, the first says enough. */
function firstSentence(error: unknown): string {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0].message
  return sentence(error)
}
