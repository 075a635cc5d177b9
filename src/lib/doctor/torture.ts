/** Real producers and consumers on a database of their own, beside the real one, killed at random; then the proof. */
import {type ChildProcess, spawn} from 'node:child_process'
import {mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {after, monotonicMs, sleep} from '../time.ts'
import {fault, type Finding} from './finding.ts'
import {prove} from './torture-proof.ts'

export interface Torture {
  /** The database beside which it happens, on the same disk. It is not touched. */
  readonly file: string
  /** The command that runs qctl. */
  readonly self: readonly string[]
  readonly forMs: number
  readonly signal: AbortSignal
}

const PRODUCERS = 2
const CONSUMERS = 3
const QUEUE = 'torture'
/** A job now and then from each producer: more than the handlers can do would only take longer to finish. */
const LINE_EVERY_MS = 40
const SHORTEST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 900
const FINISH_MS = 120_000
/** Kept by every handler. It takes long enough to be killed in the middle of it. */
const HANDLER = 'for w in start tick end; do echo "$w $QCTL_JOB_ID $QCTL_FENCE" >> "$1"; [ $w = end ] || sleep 0.05; done'

/** Tortures for a while, proves, and leaves nothing behind, also when the signal ends it. */
export async function torture({file, self, forMs, signal}: Torture): Promise<Finding> {
  const directory = `${file}.torture-${process.pid}`
  mkdirSync(directory, {mode: 0o700})
  const rack = new Rack(directory, self)
  try {
    await rack.prepare()
    await rack.torment(forMs, signal)
    if (!(await rack.finish(signal))) {
      return fault('torture', `jobs were left unfinished ${FINISH_MS / 1000} s after the last kill`, 'run it again on a machine with less to do')
    }
    return prove({...(await rack.evidence()), seconds: Math.round(forMs / 1000)})
  } finally {
    await rack.end()
    rmSync(directory, {recursive: true, force: true})
  }
}

/** The processes of a torture. */
class Rack {
  readonly #self: readonly string[]
  readonly #ledger: string
  readonly #config: string
  readonly #environment: NodeJS.ProcessEnv
  readonly #children = new Map<string, ChildProcess>()
  readonly #promised = new Set<number>()
  #killed = 0
  #line = 0

  constructor(directory: string, self: readonly string[]) {
    this.#self = self
    this.#ledger = join(directory, 'ledger')
    this.#config = join(directory, 'config.toml')
    // Nobody's settings may spare it anything.
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith('QCTL_'))
    this.#environment = {...Object.fromEntries(own), QCTL_DB: join(directory, 'qctl.db')}
  }

  async prepare(): Promise<void> {
    writeFileSync(this.#config, '')
    writeFileSync(this.#ledger, '', {mode: 0o600})
    await this.#run(['init'])
    await this.#run(['queues', 'create', QUEUE, '--max-attempts', '100000', '--crash-limit', '100000', '--backoff', 'exp:10ms..100ms*2'])
  }

  /** Kills one after the other and starts it again. */
  async torment(forMs: number, signal: AbortSignal): Promise<void> {
    const end = monotonicMs() + forMs
    for (let n = 0; n < PRODUCERS; n += 1) this.#produce(n)
    for (let n = 0; n < CONSUMERS; n += 1) this.#consume(n)
    while (monotonicMs() < end) {
      await sleep(Math.min(end - monotonicMs(), SHORTEST_PAUSE_MS + Math.random() * (LONGEST_PAUSE_MS - SHORTEST_PAUSE_MS)), signal)
      signal.throwIfAborted()
      const victim = Math.floor(Math.random() * (PRODUCERS + CONSUMERS))
      const name = victim < PRODUCERS ? `producer-${victim}` : `consumer-${victim - PRODUCERS}`
      await this.#kill(name)
      this.#killed += 1
      if (victim < PRODUCERS) this.#produce(victim)
      else this.#consume(victim - PRODUCERS)
    }
  }

  /** Lets the consumers do what is left. @returns false when that takes too long */
  async finish(signal: AbortSignal): Promise<boolean> {
    for (let n = 0; n < PRODUCERS; n += 1) {
      const producer = this.#children.get(`producer-${n}`)
      producer?.stdin?.end()
      await ended(producer)
    }
    const end = monotonicMs() + FINISH_MS
    while (monotonicMs() < end) {
      const {counts} = JSON.parse(await this.#run(['queues', 'show', QUEUE, '--json'])) as {readonly counts: {readonly pending: number; readonly processing: number}}
      if (counts.pending + counts.processing === 0) return true
      await sleep(200, signal)
      signal.throwIfAborted()
    }
    return false
  }

  async evidence(): Promise<{readonly promised: ReadonlySet<number>; readonly done: ReadonlySet<number>; readonly ledger: string; readonly killed: number}> {
    const done = await this.#run(['jobs', 'list', '-s', 'done', '-o', 'id', '-l', '1000000'])
    const ids = done.split('\n').filter(line => line !== '').map(Number)
    return {promised: this.#promised, done: new Set(ids), ledger: readFileSync(this.#ledger, 'utf8'), killed: this.#killed}
  }

  /** Ends everything; handlers are ended by the guards of their consumers. */
  async end(): Promise<void> {
    await Promise.all([...this.#children.keys()].map(name => this.#kill(name)))
  }

  #produce(n: number): void {
    const producer = this.#spawn(`producer-${n}`, ['produce', '-Q', QUEUE, '--lines', '--batch', '1'])
    let rest = ''
    producer.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.#promised.add(Number(line))
    })
    this.#feed(producer)
  }

  #feed(producer: ChildProcess): void {
    if (producer.exitCode !== null || producer.signalCode !== null || producer.stdin?.writable !== true) return
    producer.stdin.write(`${(this.#line += 1)}\n`)
    after(LINE_EVERY_MS, () => this.#feed(producer), {keepAlive: false})
  }

  #consume(n: number): void {
    const handler = ['--', 'sh', '-c', HANDLER, 'sh', this.#ledger]
    this.#spawn(`consumer-${n}`, ['consume', '-Q', QUEUE, '-c', '4', '--lease', '3s', '--name', `consumer-${n}`, '-q', ...handler])
  }

  #spawn(name: string, args: readonly string[]): ChildProcess {
    const child = this.#start(args)
    child.stdin?.on('error', () => {})
    child.stderr?.resume()
    this.#children.set(name, child)
    return child
  }

  #start(args: readonly string[]): ChildProcess {
    const [program = '', ...before] = this.#self
    const at = args.indexOf('--')
    const own = ['--config', this.#config]
    const words = at === -1 ? [...args, ...own] : [...args.slice(0, at), ...own, ...args.slice(at)]
    // A group of its own: Ctrl-C is for the doctor, who ends them.
    return spawn(program, [...before, ...words], {env: this.#environment, stdio: ['pipe', 'pipe', 'pipe'], detached: true})
  }

  async #kill(name: string): Promise<void> {
    const child = this.#children.get(name)
    child?.kill('SIGKILL')
    await ended(child)
    this.#children.delete(name)
  }

  /** Runs a command to its end. Returns what it printed. */
  async #run(args: readonly string[]): Promise<string> {
    const child = this.#start(args)
    const texts = {out: '', err: ''}
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (texts.out += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (texts.err += text))
    child.stdin?.end()
    await ended(child)
    if (child.exitCode !== 0) throw new Error(`qctl ${args.join(' ')} exited ${child.exitCode}: ${texts.err.trim()}`)
    return texts.out
  }
}

/** Waits until a process is gone and everything it printed has been read. */
async function ended(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined) return
  await new Promise<void>((resolve, reject) => {
    child.once('close', () => resolve())
    child.once('error', reject)
    if (isClosed(child)) resolve()
  })
}

function isClosed(child: ChildProcess): boolean {
  return (child.exitCode !== null || child.signalCode !== null) && child.stdout?.destroyed !== false
}
