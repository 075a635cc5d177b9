/** A second process of the same peer. */
import {type ChildProcess, fork} from 'node:child_process'
import {join} from 'node:path'
import type {Answer, Moment, WorkerTask} from './task.ts'

type Message = {readonly kind: 'ready'} | {readonly kind: 'result'; readonly value: Answer}

/** A worker that notes when it starts each job. */
export class Colleague {
  readonly #child: ChildProcess
  readonly #ready = Promise.withResolvers<void>()
  readonly #answer = Promise.withResolvers<Answer>()

  constructor(task: WorkerTask) {
    this.#child = fork(join(import.meta.dirname, 'process.ts'), [JSON.stringify(task)])
    for (const {promise} of [this.#ready, this.#answer]) promise.catch(() => undefined)
    this.#child.on('message', message => this.#hear(message as Message))
    this.#child.on('exit', code => this.#fail(new Error(`the worker ended early (${code})`)))
  }

  /** Resolves when it works. */
  ready(): Promise<void> {
    return this.#ready.promise
  }

  /** Rejects when it cannot do its work; resolves with its end. */
  async failing(): Promise<void> {
    await this.#answer.promise
  }

  /** Stops it. Resolves with what it did. */
  async moments(): Promise<readonly Moment[]> {
    this.#child.send('stop')
    const answer = await this.#answer.promise
    if (answer.kind === 'moments') return answer.moments
    throw new Error(answer.kind === 'failed' ? answer.why : 'the worker has no moments')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
  }

  #hear(message: Message): void {
    if (message.kind === 'ready') return this.#ready.resolve()
    if (message.value.kind === 'failed') this.#fail(new Error(message.value.why))
    else this.#answer.resolve(message.value)
  }

  #fail(error: Error): void {
    this.#ready.reject(error)
    this.#answer.reject(error)
  }
}
