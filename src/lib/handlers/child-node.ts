/** Programs under Node. Their output streams are sockets there, so they cannot open `/dev/stdout` or `/dev/stderr`. */
import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import type {Readable} from 'node:stream'
import type {Child, ChildExit, ChildSpec} from './child.ts'
import {PeakMemory} from './peak-memory.ts'

/** Starts a program. */
export async function startNodeChild(spec: ChildSpec): Promise<Child> {
  const [program = '', ...args] = spec.command
  const child = spawn(program, args, {
    env: {...spec.environment},
    stdio: [spec.stdin.length === 0 ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    detached: true,
  })
  const {pid} = child
  if (pid === undefined) {
    const [error] = await once(child, 'error')
    throw error
  }
  // A program that does not read its input is none that failed.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(spec.stdin)
  return new NodeChild(child, pid, spec)
}

class NodeChild implements Child {
  readonly pid: number
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
    this.#streams = [child.stdout, child.stderr].filter(stream => stream !== null)
    this.drained = Promise.all([drain(child.stdout, chunk => spec.output.write('stdout', chunk)), drain(child.stderr, chunk => spec.output.write('stderr', chunk))]).then(() => {
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

function drain(stream: Readable | null, push: (chunk: Uint8Array) => void): Promise<void> {
  return new Promise(resolve => {
    stream?.on('data', push)
    stream?.on('error', () => undefined)
    if (stream === null) resolve()
    else stream.once('close', resolve)
  })
}
