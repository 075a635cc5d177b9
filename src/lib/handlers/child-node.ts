/** Programs under Node. Their output streams are sockets there, so they cannot open `/dev/stdout` or `/dev/stderr`. */
import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {Readable, type Writable} from 'node:stream'
import type {Child, ChildExit, ChildInput, ChildSpec} from './child.ts'
import {PeakMemory} from './peak-memory.ts'

/** Starts a program. */
export async function startNodeChild(spec: ChildSpec): Promise<Child> {
  const [program = '', ...args] = spec.command
  const child = spawn(program, args, {
    env: {...spec.environment},
    stdio: [spec.stdin.length === 0 ? 'ignore' : 'pipe', 'pipe', 'pipe', ...(spec.onAnswer === undefined ? [] : ['pipe' as const])],
    detached: true,
  })
  const {pid} = child
  if (pid === undefined) {
    const [error] = await once(child, 'error')
    throw error
  }
  // A program that does not read its input is none that failed.
  child.stdin?.on('error', () => undefined)
  if (spec.stdin !== 'open') child.stdin?.end(spec.stdin)
  return new NodeChild(child, pid, spec)
}

class NodeChild implements Child {
  readonly pid: number
  readonly input: ChildInput | null
  readonly exited: Promise<ChildExit>
  readonly drained: Promise<void>
  #isDrained = false
  readonly #streams: readonly Readable[]

  constructor(child: ChildProcess, pid: number, spec: ChildSpec) {
    this.pid = pid
    const memory = new PeakMemory(pid)
    this.exited = new Promise(resolve => {
      child.once('exit', (code, signal) => resolve({code, signal, cpuMs: null, maxRssBytes: memory.stop()}))
    })
    this.input = spec.stdin === 'open' && child.stdin !== null ? new NodeInput(child.stdin) : null
    const {onAnswer, output} = spec
    const channel = child.stdio[3]
    const answers = channel instanceof Readable ? channel : null
    this.#streams = [child.stdout, child.stderr, answers].filter(stream => stream !== null)
    this.drained = Promise.all([
      drain(child.stdout, chunk => output.write('stdout', chunk)),
      drain(child.stderr, chunk => output.write('stderr', chunk)),
      drain(answers, chunk => onAnswer?.(chunk)),
    ]).then(() => {
      this.#isDrained = true
    })
  }

  get isDrained(): boolean {
    return this.#isDrained
  }

  abandonOutput(): void {
    for (const stream of this.#streams) stream.destroy()
  }
}

class NodeInput implements ChildInput {
  readonly #stdin: Writable
  #goOn: () => void = () => {}

  constructor(stdin: Writable) {
    this.#stdin = stdin
    for (const event of ['drain', 'close']) stdin.on(event, () => this.#goOn())
  }

  write(text: string): Promise<void> | null {
    if (!this.#stdin.writable || this.#stdin.write(text)) return null
    return new Promise(resolve => {
      this.#goOn = resolve
    })
  }

  end(): void {
    this.#stdin.end()
  }
}

function drain(stream: Readable | null, push: (chunk: Uint8Array) => void): Promise<void> {
  return new Promise(resolve => {
    stream?.on('data', push)
    stream?.on('error', () => undefined)
    if (stream === null) resolve()
    else stream.once('close', resolve)
  })
}
