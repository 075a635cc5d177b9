/** Processes of the bench: started, made ready, set off together, told to stop, and asked what they saw. */
import {join} from 'node:path'
import {sleep} from '../../src/lib/time.ts'
import {Wrong} from './workload.ts'

type Message = {readonly kind: 'ready'} | {readonly kind: 'result'; readonly value: unknown}
/** What a worker is told. */
type Word = 'go' | 'stop'

/** A worker process as the bench sees it. */
export class Worker<Result> {
  readonly #child: Bun.Subprocess
  readonly #ready = Promise.withResolvers<void>()
  readonly #result = Promise.withResolvers<Result>()

  /**
   * Starts it.
   * @param script its file, beside this one
   * @param task given to it as JSON
   * @param runtime what runs it: this program's own, unless told otherwise
   */
  constructor(script: string, task: unknown, runtime: string = process.execPath) {
    this.#child = Bun.spawn([runtime, join(import.meta.dirname, script), JSON.stringify(task)], {
      stdio: ['ignore', 'inherit', 'inherit'],
      serialization: 'json',
      ipc: message => this.#hear(message as Message),
      onExit: (_child, code, signal) => {
        const ended = new Wrong(`${script} ended early (${signal ?? code})`)
        this.#ready.reject(ended)
        this.#result.reject(ended)
      },
    })
    for (const {promise} of [this.#ready, this.#result]) promise.catch(() => undefined)
  }

  /** Resolves when it only waits for the word. */
  ready(): Promise<void> {
    return this.#ready.promise
  }

  tell(word: Word): void {
    this.#child.send(word)
  }

  /** What it reports at its end. */
  async result(): Promise<Result> {
    const result = await this.#result.promise
    await this.#child.exited
    return result
  }

  /** Ends it, whatever it does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#child.exited
  }

  #hear(message: Message): void {
    if (message.kind === 'ready') this.#ready.resolve()
    else this.#result.resolve(message.value as Result)
  }
}

/** The other end: the bench as a worker sees it. */
export class Bench<Task> {
  readonly task: Task
  readonly #stop = new AbortController()
  readonly #go = Promise.withResolvers<void>()

  constructor() {
    this.task = JSON.parse(process.argv[2] ?? '') as Task
    process.on('message', (word: Word) => {
      if (word === 'go') this.#go.resolve()
      else this.#stop.abort()
    })
  }

  /** Says that everything is prepared, and waits for the word. */
  async start(): Promise<void> {
    send({kind: 'ready'})
    await this.#go.promise
  }

  /** Aborted when there is nothing more to come. */
  get stop(): AbortSignal {
    return this.#stop.signal
  }

  /** Hands over the result; the process then ends. */
  report(value: unknown): void {
    send({kind: 'result', value})
    process.disconnect?.()
  }
}

function send(message: Message): void {
  process.send?.(message)
}

/** Wall clock with fractions, ms: comparable between the processes of one host. */
export function wallMs(): number {
  return performance.timeOrigin + performance.now()
}

const DEADLINE_MS = 60_000

/** @throws Wrong when it is not true within a minute */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + DEADLINE_MS
  while (!condition()) {
    if (performance.now() > end) throw new Wrong(`not within a minute: ${what}`)
    await sleep(10)
  }
}
