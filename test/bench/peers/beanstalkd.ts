/** beanstalkd. Its protocol is lines; the clients on npm know neither its unix socket nor several commands at once, so this speaks it itself. */
import {once} from 'node:events'
import {createConnection, type Socket} from 'node:net'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {debianVersion} from '../debian.ts'
import type {OpenPeer, Payload, Peer, Place, Running} from './peer.ts'
import {startServer} from './server.ts'

/** Commands on their way at once. */
const IN_FLIGHT = 16
const WAIT_S = 1

class Beanstalkd implements Peer {
  readonly name = 'beanstalkd'
  readonly settings = [{name: 'as it comes', note: 'memory only', durable: false}, {name: '-b -f0', durable: true}] as const
  readonly inHand = `${IN_FLIGHT} commands in one go`
  readonly pollMs = 0

  version(): string {
    return debianVersion('beanstalkd')
  }

  async start({directory, setting}: Place): Promise<Running> {
    const durable = setting === this.settings[1].name ? ['-b', directory, '-f0'] : []
    const server = await startServer({
      command: ['beanstalkd', '-V', '-l', `unix:${socketIn(directory)}`, ...durable], cwd: directory, signal: 'SIGTERM',
    }, line => line.startsWith('bind'))
    await listening(socketIn(directory))
    return server
  }

  async open({directory}: Place): Promise<OpenPeer> {
    const socket = createConnection(socketIn(directory))
    await once(socket, 'connect')
    return new OpenBeanstalkd(new Line(socket))
  }
}

function socketIn(directory: string): string {
  return join(directory, 's')
}

async function listening(path: string): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    const socket = createConnection(path)
    const isUp = await once(socket, 'connect').then(() => true, () => false)
    socket.destroy()
    if (isUp) return
    await sleep(10)
  }
  throw new Error(`nobody listens at ${path}`)
}

interface Reply {
  readonly words: readonly string[]
  readonly body: string
}

/** A connection: replies come in the order of the commands. */
class Line {
  readonly #socket: Socket
  readonly #waiting: {resolve(reply: Reply): void; reject(error: Error): void}[] = []
  #rest = ''

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1').on('data', (text: string) => this.#hear(text))
    socket.on('close', () => this.#waiting.splice(0).forEach(({reject}) => reject(new Error('beanstalkd closed the connection'))))
  }

  /** Sends the commands in one go. Resolves with the reply to each. */
  ask(commands: readonly string[]): Promise<readonly Reply[]> {
    const replies = commands.map(() => new Promise<Reply>((resolve, reject) => this.#waiting.push({resolve, reject})))
    this.#socket.write(commands.map(command => `${command}\r\n`).join(''), 'latin1')
    return Promise.all(replies)
  }

  async close(): Promise<void> {
    this.#socket.end()
    await once(this.#socket, 'close')
  }

  #hear(text: string): void {
    this.#rest += text
    let at = 0
    for (let end = this.#rest.indexOf('\r\n', at); end >= 0; end = this.#rest.indexOf('\r\n', at)) {
      const words = this.#rest.slice(at, end).split(' ')
      const hasBody = words[0] === 'RESERVED' || words[0] === 'OK'
      const from = end + 2
      const to = hasBody ? from + Number(words.at(-1)) : end
      if (to + 2 > this.#rest.length) break
      this.#waiting.shift()?.resolve({words, body: hasBody ? this.#rest.slice(from, to) : ''})
      at = to + 2
    }
    this.#rest = this.#rest.slice(at)
  }
}

class OpenBeanstalkd implements OpenPeer {
  readonly #line: Line

  constructor(line: Line) {
    this.#line = line
  }

  async produceOne(payload: Payload): Promise<void> {
    await this.produceMany([payload])
  }

  async produceMany(payloads: readonly Payload[]): Promise<void> {
    const replies = await this.#line.ask(payloads.map(put))
    assertAll(replies, 'INSERTED')
  }

  async consume(work: (n: number) => void, stop: AbortSignal): Promise<void> {
    let taken: readonly Reply[] = []
    while (!stop.aborted) {
      const next = taken.length > 0 ? Array<string>(IN_FLIGHT).fill('reserve-with-timeout 0') : [`reserve-with-timeout ${WAIT_S}`]
      const replies = await this.#line.ask([...taken.map(remove), ...next])
      assertAll(replies.slice(0, taken.length), 'DELETED')
      taken = replies.filter(({words}) => words[0] === 'RESERVED')
      for (const {body} of taken) work((JSON.parse(body) as Payload).n)
    }
    assertAll(await this.#line.ask(taken.map(remove)), 'DELETED')
  }

  async left(): Promise<number> {
    const [stats] = await this.#line.ask(['stats-tube default'])
    const count = (name: string): number => Number(new RegExp(`^current-jobs-${name}: (\\d+)$`, 'm').exec(stats?.body ?? '')?.[1])
    return count('ready') + count('reserved')
  }

  close(): Promise<void> {
    return this.#line.close()
  }
}

function put(payload: Payload): string {
  const text = JSON.stringify(payload)
  return `put 0 0 60 ${Buffer.byteLength(text)}\r\n${text}`
}

function remove({words}: Reply): string {
  return `delete ${words[1]}`
}

function assertAll(replies: readonly Reply[], word: string): void {
  const other = replies.find(({words}) => words[0] !== word)
  if (other !== undefined) throw new Error(`beanstalkd answered ${other.words.join(' ')}, not ${word}`)
}

export const peer: Peer = new Beanstalkd()
