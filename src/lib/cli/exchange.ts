/** One line there and one line back, over a unix socket. */
import {after} from '../time.ts'

/** Who is told what comes over a connection. Once it failed or was closed, nothing comes any more. */
interface Listener {
  heard(text: string): void
  failed(error: unknown): void
}

/** Sends a line on a new connection; what it returns hangs up. */
type Call = (path: string, line: string, listener: Listener) => () => void

/** How to ask. */
export interface ExchangeOptions {
  readonly patienceMs: number
  /** What to reject with when it is over. */
  readonly impatient: () => Error
  readonly maxBytes: number
}

/**
 * Sends a line and waits for the answer.
 * @param path of the socket
 * @param line without its end
 * @returns what was answered: a line with its end, or what was too long for one
 * @throws the system's error; one with the code ECONNRESET when it was closed without an answer
 */
export function exchange(path: string, line: string, {patienceMs, impatient, maxBytes}: ExchangeOptions): Promise<string> {
  const {promise, resolve, reject} = Promise.withResolvers<string>()
  const cancel = after(patienceMs, () => reject(impatient()))
  let answer = ''
  const heard = (text: string): void => {
    answer += text
    if (answer.includes('\n') || answer.length > maxBytes) resolve(answer)
  }
  const call = process.versions.bun === undefined ? callInNode : callInBun
  const hangUp = call(path, `${line}\n`, {heard, failed: reject})
  return promise.finally(() => {
    cancel()
    hangUp()
  })
}

const callInNode: Call = (path, line, {heard, failed}) => {
  const socket = process.getBuiltinModule('node:net').connect(path)
  socket.setEncoding('utf8')
  socket.on('connect', () => socket.write(line))
  socket.on('data', heard)
  socket.on('error', failed)
  socket.on('close', () => failed(unanswered()))
  return () => socket.destroy()
}

/** With Bun's own sockets, for loading `node:net` takes 5 ms of a `job progress` that would last 13. What did not fit is written when they drain. */
const callInBun: Call = (path, line, {heard, failed}) => {
  const decoder = new TextDecoder()
  let rest = Buffer.from(line)
  // Below 0 when it is closed already.
  const write = (socket: Bun.Socket): void => void (rest = rest.subarray(Math.max(socket.write(rest), 0)))
  const connected = Bun.connect({
    unix: path,
    socket: {
      open: write,
      drain: write,
      data: (_, bytes) => heard(decoder.decode(bytes, {stream: true})),
      error: (_, error) => failed(error),
      close: (_, error) => failed(error ?? unanswered()),
    },
  })
  connected.catch(failed)
  return () => void connected.then(socket => socket.terminate(), () => {})
}

function unanswered(): Error {
  return Object.assign(new Error('closed without an answer'), {code: 'ECONNRESET'})
}
