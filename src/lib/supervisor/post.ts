/** One request over a unix socket. */
import {request} from 'node:http'
import {after} from '../time.ts'

/** What came back. */
export interface Reply {
  readonly status: number
  readonly text: string
}

export interface PostOptions {
  /** How long the whole of it may take. */
  readonly limitMs: number
  /** Ends it, with its reason as the error. */
  readonly signal?: AbortSignal | undefined
}

/** Somebody took the request and did not answer in time. */
export class NoReply extends Error {
  override readonly name = 'NoReply'
}

/**
 * Posts XML.
 * @throws NoReply, the signal's reason, or the runtime's error
 */
export async function post(socketPath: string, body: string, {limitMs, signal}: PostOptions): Promise<Reply> {
  signal?.throwIfAborted()
  const headers = {'content-type': 'text/xml', 'content-length': Buffer.byteLength(body)}
  const call = request({socketPath, path: '/RPC2', method: 'POST', headers})
  const interrupt = (): void => void call.destroy(new Error('interrupted'))
  const cancelTimer = after(limitMs, () => call.destroy(new NoReply(`no reply within ${limitMs} ms`)))
  signal?.addEventListener('abort', interrupt, {once: true})
  try {
    return await new Promise<Reply>((resolve, reject) => {
      call.on('error', reject)
      call.on('response', response => {
        const chunks: Uint8Array[] = []
        response.on('data', (chunk: Uint8Array) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => resolve({status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8')}))
      })
      call.end(body)
    })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  } finally {
    cancelTimer()
    signal?.removeEventListener('abort', interrupt)
  }
}
