import {createServer, type IncomingHttpHeaders, type IncomingMessage, type RequestListener, type Server, type ServerResponse} from 'node:http'
import {createServer as createSecureServer} from 'node:https'
import type {AddressInfo} from 'node:net'
import {CERTIFICATE, KEY} from './localhost-certificate.ts'

/** A request as it came. */
export interface Received {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
}

/** What a receiver does with a request. */
export type Answering = (request: Received, response: ServerResponse) => void

/** A web server that keeps what it was sent. */
export class Receiver {
  readonly received: Received[] = []
  /** How many connections were made to it. */
  connections = 0
  readonly #server: Server
  readonly #protocol: string

  private constructor(answer: Answering, isSecure: boolean) {
    const listener: RequestListener = (request, response) => void this.#receive(request, response, answer)
    this.#protocol = isSecure ? 'https' : 'http'
    this.#server = isSecure ? createSecureServer({cert: CERTIFICATE, key: KEY}, listener) : createServer(listener)
    this.#server.on('connection', () => (this.connections += 1))
  }

  /** @param answer ends the response; absent: 200 without a body */
  static async open(answer: Answering = (_, response) => void response.end(), isSecure = false): Promise<Receiver> {
    const receiver = new Receiver(answer, isSecure)
    await new Promise<void>(resolve => receiver.#server.listen(0, 'localhost', resolve))
    return receiver
  }

  get url(): string {
    return `${this.#protocol}://localhost:${(this.#server.address() as AddressInfo).port}/hook`
  }

  async #receive(request: IncomingMessage, response: ServerResponse, answer: Answering): Promise<void> {
    const chunks: Uint8Array[] = []
    try {
      for await (const chunk of request as AsyncIterable<Uint8Array>) chunks.push(chunk)
    } catch {
      return
    }
    const received = {method: request.method ?? '', url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks)}
    this.received.push(received)
    answer(received, response)
  }

  [Symbol.dispose](): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}
