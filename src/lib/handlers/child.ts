/** Starting a program: one small interface over the two runtimes. */
import type {Environment} from './environment.ts'
import type {Output} from './handler.ts'

export interface ChildSpec {
  /** The program and its arguments; no shell reads them. */
  readonly command: readonly string[]
  readonly environment: Environment
  /** What it reads; `open`: what is written to `input` while it runs. */
  readonly stdin: Uint8Array | 'open'
  readonly output: Pick<Output, 'write'>
  /** Takes what it writes to descriptor 3; without this it has none. */
  readonly onAnswer?: ((chunk: Uint8Array) => void) | undefined
  /** True: it is expected to print much, or to both outputs: then how soon that is read counts from the first moment on. */
  readonly isTalkative: boolean
}

/** A program that was started as the leader of a session and process group of its own. */
export interface Child {
  readonly pid: number
  /** Its stdin, if that was left open. */
  readonly input: ChildInput | null
  /** The program itself has ended, and what it had printed was read; what it started may still run and print. Never rejects. */
  readonly exited: Promise<ChildExit>
  /** Its output was read to the end, or given up. */
  readonly isDrained: boolean
  /** Resolves when `isDrained`. To be asked for after `exited`. Never rejects. */
  readonly drained: Promise<void>
  /** Reads no further, although somebody still holds the other end. */
  abandonOutput(): void
}

/** The way to a program's stdin. A reader that is gone is no error here: its end will be seen. */
export interface ChildInput {
  /** @returns resolves when there is room for more; `null`: there is. Never rejects. */
  write(text: string): Promise<void> | null
  end(): void
}

/** Exactly one of `code` and `signal` is not null. */
export interface ChildExit {
  readonly code: number | null
  readonly signal: string | null
  /** CPU time of the program and of what it waited for; `null` where it cannot be known. */
  readonly cpuMs: number | null
  /** The peak memory of its largest process, at least; `null` when it was over before it was seen. */
  readonly maxRssBytes: number | null
}

/**
 * Starts a program. Throws or rejects with the runtime's error, the system's word for it in `code`, when that fails.
 */
export type StartChild = (spec: ChildSpec) => Child | Promise<Child>

/** The way to start programs under this runtime. */
export async function childStarter(): Promise<StartChild> {
  if (process.versions.bun === undefined) return (await import('./child-node.ts')).startNodeChild
  return (await import('./child-bun.ts')).startBunChild
}
