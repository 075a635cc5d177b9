/** One POST and its answer, within bounds of time and size. Nothing is followed, decoded or sent through a proxy. */
import {Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest, type RequestOptions} from 'node:http'
import {Agent as HttpsAgent, request as httpsRequest} from 'node:https'
import {QctlError} from '../errors.ts'
import {RESULT_MAX_BYTES} from '../job.ts'
import {after, formatDuration} from '../time.ts'
import type {HttpAnswer} from './http-answer.ts'
import {publicLookup} from './public-address.ts'

export interface Post {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** Gives up. */
  readonly signal: AbortSignal
  /** For all of it; `null` = whoever has the signal sees to that. */
  readonly limitMs: number | null
}

/** Name resolution, TCP and TLS together. */
const CONNECT_MS = 10_000

/** Where jobs are posted; connections are kept for the next one. */
export class HttpTarget {
  readonly #url: URL
  readonly #options: RequestOptions

  /** @param allowPrivate also connect to addresses that are not public */
  constructor(url: URL, allowPrivate: boolean) {
    this.#url = url
    const agent = url.protocol === 'https:' ? new HttpsAgent({keepAlive: true}) : new HttpAgent({keepAlive: true})
    this.#options = {method: 'POST', agent, ...(allowPrivate ? {} : {lookup: publicLookup()})}
  }

  /**
   * Posts once; again when the connection kept from before turns out to be closed.
   * @throws whatever went wrong; `timed_out` when that is the limit
   */
  async post(post: Post): Promise<HttpAnswer> {
    try {
      return await this.#exchange(post)
    } catch (error) {
      if (error instanceof StaleConnection) return this.#exchange(post)
      throw error
    }
  }

  close(): void {
    const {agent} = this.#options
    if (typeof agent === 'object') agent.destroy()
  }

  async #exchange({headers, body, signal, limitMs}: Post): Promise<HttpAnswer> {
    const isSecure = this.#url.protocol === 'https:'
    const start = isSecure ? httpsRequest : httpRequest
    const request = start(this.#url, {...this.#options, headers: {...headers, 'content-length': body.length}, signal})
    const cancelConnect = limitConnect(request, isSecure)
    const cancelLimit = limitMs === null ? null : after(limitMs, () => request.destroy(overdue(limitMs)))
    try {
      const response = answerOf(request)
      request.end(body)
      return await read(await response)
    } finally {
      cancelConnect()
      cancelLimit?.()
    }
  }
}

/** A kept connection was closed by the other side before our request got there. */
class StaleConnection extends Error {}

function answerOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve)
    request.on('error', error => {
      const isStale = request.reusedSocket && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
      reject(isStale ? new StaleConnection(error.message) : error)
    })
  })
}

/** Reads the body as far as it may be a result. What is longer is cut off, and the connection with it. */
async function read(response: IncomingMessage): Promise<HttpAnswer> {
  const {statusCode: status = 0, statusMessage = '', headers} = response
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    chunks.push(chunk)
    length += chunk.length
    // Leaving the loop destroys the stream.
    if (length > RESULT_MAX_BYTES) break
  }
  return {
    status,
    statusMessage,
    retryAfter: headers['retry-after'] ?? null,
    location: headers.location ?? null,
    body: Buffer.concat(chunks).subarray(0, RESULT_MAX_BYTES),
    isCut: length > RESULT_MAX_BYTES,
  }
}

function limitConnect(request: ClientRequest, isSecure: boolean): () => void {
  const cancel = after(CONNECT_MS, () => request.destroy(new Error(`no connection within ${formatDuration(CONNECT_MS)}`)))
  request.on('socket', socket => {
    if (request.reusedSocket) cancel()
    else socket.once(isSecure ? 'secureConnect' : 'connect', cancel)
  })
  return cancel
}

function overdue(limitMs: number): QctlError {
  return new QctlError('timed_out', `no whole answer within ${formatDuration(limitMs)}; --timeout allows more`)
}
