/**
 * The channel that runs report through: one unix socket per consumer, in a directory that only this user may enter.
 * The peer says which claim it speaks for; only claims that run here now are heard.
 */
import {chmodSync, lstatSync, mkdtempSync, rmSync} from 'node:fs'
import {createServer, type Server, type Socket} from 'node:net'
import {join} from 'node:path'
import {claimKey} from '../claim-key.ts'
import {QctlError} from '../errors.ts'
import type {Claim} from '../job.ts'
import {readMessage, type Saying} from '../job-message.ts'
import {monotonicMs} from '../time.ts'
import {Conversation} from './conversation.ts'
import type {Report} from './handler.ts'
import {PrivateDirectory} from './private-directory.ts'

/** What the kernel takes as the name of a socket (`sun_path`), without its NUL. */
const PATH_MAX_BYTES = 107
/** Each may hold a line in memory, and most are over in a millisecond: when one more comes, the one silent for longest goes. */
const CONNECTIONS_MAX = 64
/** Of one run, as soon as they have said whose they are. */
const CONNECTIONS_PER_RUN_MAX = 4
const PATIENCE_MS = 10_000
/** The socket is looked for no more often than this. */
const LOOK_EVERY_MS = 1000

interface Listening {
  readonly server: Server
  readonly path: string
}

export class Channel {
  readonly #patienceMs: number
  readonly #directory = new PrivateDirectory()
  readonly #reports = new Map<string, Report>()
  /** The one silent for longest first, each with the run it spoke for last; `null` = it has not said yet. */
  readonly #conversations = new Map<Conversation, string | null>()
  /** Made because the usual place has too long a name. */
  #own: string | null = null
  #listening: Listening | null = null
  #opening: Promise<Listening> | null = null
  #seenAt = Number.NEGATIVE_INFINITY

  /** @param patienceMs how long a peer may be silent. Whoever has more to say later connects again */
  constructor(patienceMs = PATIENCE_MS) {
    this.#patienceMs = patienceMs
  }

  /**
   * Hears what a run says from now on.
   * @returns the path of the socket; `null` when none could be made: a run goes without
   */
  async enter(claim: Claim, report: Report): Promise<string | null> {
    this.#reports.set(claimKey(claim), report)
    try {
      return await this.#path()
    } catch {
      return null
    }
  }

  /** The run is over; nothing more is heard of it. */
  leave(claim: Claim): void {
    this.#reports.delete(claimKey(claim))
  }

  /** Leaves nothing behind. */
  close(): void {
    for (const conversation of this.#conversations.keys()) conversation.end()
    this.#stopListening()
    this.#directory.close()
  }

  async #path(): Promise<string> {
    // A consumer may idle for weeks, and a cleaner of old temporary files may have been there.
    if (this.#listening !== null && this.#isThere(this.#listening)) return this.#listening.path
    if (this.#opening === null) this.#stopListening()
    this.#opening ??= this.#listen().finally(() => (this.#opening = null))
    return (await this.#opening).path
  }

  #isThere({path}: Listening): boolean {
    const now = monotonicMs()
    if (now - this.#seenAt < LOOK_EVERY_MS) return true
    const isThere = lstatSync(path, {throwIfNoEntry: false}) !== undefined
    if (isThere) this.#seenAt = now
    return isThere
  }

  async #listen(): Promise<Listening> {
    const path = this.#freePath()
    // A message may end with the end of what the peer sends, and is answered all the same.
    const server = createServer({allowHalfOpen: true}, socket => this.#hear(socket))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, resolve)
    })
    // A connection that cannot be accepted is its caller's trouble.
    server.on('error', () => undefined)
    chmodSync(path, 0o600)
    this.#listening = {server, path}
    return this.#listening
  }

  #freePath(): string {
    const usual = this.#directory.pathOf('s')
    if (Buffer.byteLength(usual) <= PATH_MAX_BYTES) return usual
    this.#own = mkdtempSync('/tmp/qctl-')
    return join(this.#own, 's')
  }

  #hear(socket: Socket): void {
    // By hand: `maxConnections` would turn away the newcomer, who has something to say, and Bun does not heed it.
    const [silent] = this.#conversations.keys()
    if (this.#conversations.size >= CONNECTIONS_MAX) silent?.end()
    const conversation: Conversation = new Conversation(socket, {
      patienceMs: this.#patienceMs,
      onHeard: () => this.#moveToEnd(conversation),
      onLine: line => this.#say(line, conversation),
      onEnd: () => this.#conversations.delete(conversation),
    })
    this.#conversations.set(conversation, null)
  }

  #moveToEnd(conversation: Conversation): void {
    const run = this.#conversations.get(conversation)
    if (run === undefined) return
    this.#conversations.delete(conversation)
    this.#conversations.set(conversation, run)
  }

  #say(line: string, conversation: Conversation): void {
    const {claim, saying} = readMessage(line)
    const run = claimKey(claim)
    const report = this.#reports.get(run)
    if (report === undefined) {
      throw new QctlError('conflict', `run ${claim.fence} of job ${claim.id} is over: this consumer does not run it`)
    }
    this.#speaksFor(conversation, run)
    passOn(saying, report)
  }

  /** One run must not keep the others from being heard. */
  #speaksFor(conversation: Conversation, run: string): void {
    if (!this.#conversations.has(conversation)) return
    this.#conversations.set(conversation, run)
    const ofRun = [...this.#conversations].filter(([, other]) => other === run)
    if (ofRun.length > CONNECTIONS_PER_RUN_MAX) ofRun[0]?.[0].end()
  }

  #stopListening(): void {
    this.#listening?.server.close()
    const left = this.#own ?? this.#listening?.path
    if (left !== undefined) rmSync(left, {recursive: true, force: true})
    this.#listening = null
    this.#own = null
  }
}

function passOn(saying: Saying, report: Report): void {
  switch (saying.kind) {
    case 'progress':
      return report.progress(saying.value)
    case 'result':
      return report.result(saying.bytes)
    case 'snooze':
      return report.snooze(saying.delayMs)
  }
}
