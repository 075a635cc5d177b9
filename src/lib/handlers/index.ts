/** The kinds of handlers. A new kind: its file, one line in `HandlerSpec` and one case here. */
import {QctlError} from '../errors.ts'
import type {ExitPolicy} from './exit-policy.ts'
import type {Handler} from './handler.ts'
import type {LimitOptions, Limits} from './limits/limits.ts'
import type {HttpOptions} from './http.ts'
import type {PoolOptions} from './workers/pool.ts'

export {type ExitPolicy, parseExitPolicy} from './exit-policy.ts'

/** Which handler, and with what. */
export type HandlerSpec =
  /** A program with its arguments, run without a shell. */
  | {readonly kind: 'exec'; readonly command: readonly string[]; readonly exitPolicy?: ExitPolicy | undefined}
  /** A line for `/bin/sh -c`. */
  | {readonly kind: 'shell'; readonly script: string; readonly exitPolicy?: ExitPolicy | undefined}
  /** A receiver of POST requests. */
  | ({readonly kind: 'http'} & HttpOptions)
  | {readonly kind: 'timestamp'}
  /** A line for `/bin/sh -c` that starts a worker: it reads jobs and writes answers, one JSON object per line. */
  | ({readonly kind: 'stream'; readonly script: string} & Workers)
  /** A file with a function as its default export, run in worker processes. */
  | ({readonly kind: 'module'; readonly file: string; readonly self: readonly string[]} & Workers)

/** How a consumer keeps workers. */
export type Workers = Omit<PoolOptions, 'kind'>

/** The names `--handler` takes: handlers that are built in. */
export const BUILT_IN_HANDLERS = ['timestamp'] as const

/** Which processes run the jobs: a program per run, workers that share them, or the consumer itself (`null`). */
export function processesOf({kind}: HandlerSpec): 'own' | 'shared' | null {
  if (kind === 'timestamp' || kind === 'http') return null
  return kind === 'exec' || kind === 'shell' ? 'own' : 'shared'
}

/**
 * Finds the means to limit what runs may use.
 * @throws QctlError `usage` for a kind whose runs are no processes of their own; `bad_config` when there are none on this host
 */
export async function openLimits(spec: HandlerSpec, options: LimitOptions): Promise<Limits | undefined> {
  if (options.memoryBytes === null && options.processes === null) return undefined
  if (processesOf(spec) !== 'own') {
    throw new QctlError('usage', '--limit-mem and --limit-procs are for commands that are run once per job: -- CMD or --shell')
  }
  const {Limits} = await import('./limits/limits.ts')
  return Limits.open(options)
}

/**
 * Opens a handler. Each kind is loaded only when it is wanted.
 * @param options removeFile: delete a job's file once its success is stored; limits: of what each run may use, from `openLimits`
 */
export async function openHandler(
  spec: HandlerSpec,
  options: {readonly removeFile?: boolean; readonly limits?: Limits | undefined} = {},
): Promise<Handler> {
  const handler = await open(spec, options.limits)
  if (options.removeFile !== true) return handler
  const {FileRemover} = await import('./remove-file.ts')
  return new FileRemover(handler)
}

async function open(spec: HandlerSpec, limits: Limits | undefined): Promise<Handler> {
  switch (spec.kind) {
    case 'exec':
    case 'shell': {
      const {ExecHandler} = await import('./exec.ts')
      const command = spec.kind === 'exec' ? spec.command : ['/bin/sh', '-c', spec.script]
      return ExecHandler.open({command, exitPolicy: spec.exitPolicy, limits})
    }
    case 'http': {
      const {HttpHandler} = await import('./http.ts')
      return new HttpHandler(spec)
    }
    case 'timestamp': {
      const {TimestampHandler} = await import('./timestamp.ts')
      return new TimestampHandler()
    }
    case 'stream': {
      const [{WorkerPool}, {streamWorkers}] = await Promise.all([import('./workers/pool.ts'), import('./stream.ts')])
      return new WorkerPool({...spec, kind: streamWorkers(spec.script)})
    }
    case 'module': {
      const [{WorkerPool}, {moduleWorkers}] = await Promise.all([import('./workers/pool.ts'), import('./module.ts')])
      return new WorkerPool({...spec, kind: moduleWorkers(spec.file, spec.self)})
    }
  }
}
