/**
 * The process that runs a module of the user's: jobs come in on stdin, answers go out on descriptor 3, one JSON object per
 * line, so that both outputs are the module's own.
 */
import {AsyncLocalStorage} from 'node:async_hooks'
import {writeSync} from 'node:fs'
import {pathToFileURL} from 'node:url'
import {format} from 'node:util'
import {monotonicMs, nextTurn} from '../time.ts'
import {fileOf, loadFault} from './module-faults.ts'
import type {ModuleHandler} from './module-handler.ts'
import {type JobLine, ModuleRun} from './module-run.ts'
import {LineReader} from './workers/lines.ts'

const ANSWERS = 3
/** As a shell says: found, but it cannot be run. The queue is paused when that happens again and again. */
const CANNOT_BE_RUN = 126
/** Handlers that keep the process busy for this long must not hold back the answers of those before them. */
const TURN_MS = 2
const THIS_FILE = fileOf(new Error())

/**
 * Serves until stdin ends, which it does when the consumer lets go of this process or is dead.
 * @param file absolute path of the module
 * @param ownPackage what `import … from 'qctl'` gives in the module
 * @returns the exit status
 */
export async function runModuleWorker(file: string, ownPackage: () => Promise<object>): Promise<number> {
  try {
    await offerOwnPackage(ownPackage)
    const worker = new ModuleWorker(await loadHandler(file))
    await worker.serve()
    return 0
  } catch (error) {
    const {sentence, all} = loadFault(error, file, THIS_FILE)
    process.stderr.write(`${all}\ncannot run ${file}: ${sentence}\n`)
    return CANNOT_BE_RUN
  }
}

class ModuleWorker {
  readonly #work: ModuleHandler
  readonly #runs = new Map<number, ModuleRun>()
  readonly #current = new AsyncLocalStorage<ModuleRun>()
  #answers = ''
  #isFlushDue = false

  constructor(work: ModuleHandler) {
    this.#work = work
  }

  async serve(): Promise<void> {
    this.#catchConsole()
    // No line of the consumer's is too long.
    const lines = new LineReader(Number.POSITIVE_INFINITY)
    const input: AsyncIterable<Uint8Array> = process.versions.bun === undefined ? process.stdin : Bun.stdin.stream()
    for await (const chunk of input) await this.#takeAll(lines.push(chunk))
  }

  async #takeAll(lines: readonly string[]): Promise<void> {
    let turnedAt = monotonicMs()
    for (const line of lines) {
      this.#take(JSON.parse(line))
      if (monotonicMs() - turnedAt < TURN_MS) continue
      await nextTurn()
      this.#flush()
      turnedAt = monotonicMs()
    }
  }

  #take(line: JobLine | {readonly id: number; readonly stop: string}): void {
    if ('stop' in line) return this.#runs.get(line.id)?.stop(line.stop)
    const {id, fence} = line
    const run = new ModuleRun(line, message => this.#say(message))
    this.#runs.set(id, run)
    if (line.timeout_ms !== null) {
      this.#say({id, fence, began: true})
      this.#flush()
    }
    void this.#current.run(run, () => run.run(this.#work)).then(() => this.#runs.delete(id))
  }

  /** Answers that come in one turn are written together. */
  #say(message: object): void {
    this.#answers += `${JSON.stringify(message)}\n`
    if (this.#isFlushDue) return
    this.#isFlushDue = true
    setImmediate(() => this.#flush())
  }

  #flush(): void {
    this.#isFlushDue = false
    const bytes = Buffer.from(this.#answers)
    this.#answers = ''
    for (let written = 0; written < bytes.length; ) written += writePart(bytes, written)
  }

  /** What a handler prints belongs to its job; what nobody's handler prints goes out as it is. */
  #catchConsole(): void {
    const streams = {log: 'stdout', info: 'stdout', debug: 'stdout', warn: 'stderr', error: 'stderr'} as const
    for (const [name, stream] of Object.entries(streams)) {
      const method = name as keyof typeof streams
      const plain = console[method].bind(console)
      console[method] = (...data: unknown[]) => {
        const run = this.#current.getStore()
        if (run === undefined) plain(...data)
        else run.print(stream, `${format(...data)}\n`)
      }
    }
  }
}

function writePart(bytes: Uint8Array, from: number): number {
  try {
    return writeSync(ANSWERS, bytes, from)
  } catch (error) {
    // Under Node it is a socket that does not wait.
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    return 0
  }
}

async function loadHandler(file: string): Promise<ModuleHandler> {
  const {default: found} = (await import(pathToFileURL(file).href)) as {readonly default?: unknown}
  // A CommonJS module that was compiled from one with a default export.
  const work = typeof found === 'object' && found !== null && 'default' in found ? found.default : found
  if (typeof work !== 'function') throw new TypeError('it has no default export that is a function: export default async (job, context) => …')
  return work as ModuleHandler
}

/** The package may not be installed where the module is, and inside the binary it is anyway. */
async function offerOwnPackage(ownPackage: () => Promise<object>): Promise<void> {
  if (process.versions.bun === undefined) return offerToNode()
  const exports = await ownPackage()
  Bun.plugin({
    name: 'qctl',
    setup: build => {
      build.module('qctl', () => ({exports: {...exports}, loader: 'object'}))
    },
  })
}

async function offerToNode(): Promise<void> {
  const {registerHooks} = await import('node:module')
  const own = {url: new URL('../../index.js', import.meta.url).href, shortCircuit: true}
  registerHooks({resolve: (specifier, context, next) => (specifier === 'qctl' ? own : next(specifier, context))})
}
