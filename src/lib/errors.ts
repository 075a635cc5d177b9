/**
 * Every error a person or a program can meet, with its exit status.
 * The numbers follow sysexits.h where it has a word for the case.
 */
export const ERRORS = {
  usage: {exit: 2, retryable: false},
  confirmation_needed: {exit: 2, retryable: false},
  conflict: {exit: 4, retryable: false},
  not_a_database: {exit: 65, retryable: false},
  corrupt: {exit: 65, retryable: false},
  bad_input: {exit: 65, retryable: false},
  payload_too_large: {exit: 65, retryable: false},
  not_found: {exit: 66, retryable: false},
  unavailable: {exit: 69, retryable: true},
  internal: {exit: 70, retryable: false},
  cannot_open: {exit: 73, retryable: false},
  outcome_unknown: {exit: 74, retryable: false},
  busy: {exit: 75, retryable: true},
  permission: {exit: 77, retryable: false},
  newer_schema: {exit: 78, retryable: false},
  bad_config: {exit: 78, retryable: false},
  foreign_host: {exit: 78, retryable: false},
  timed_out: {exit: 124, retryable: true},
} as const satisfies Record<string, {readonly exit: number; readonly retryable: boolean}>

export type ErrorCode = keyof typeof ERRORS

/** What a `QctlError` may carry besides its sentence. */
export interface ErrorFacts {
  /** What to do next, one sentence. */
  readonly hint?: string
  /** The error underneath, shown only with `-v`. */
  readonly cause?: unknown
}

/**
 * An error that is somebody's business: it names what went wrong and where, and has a stable code.
 * Anything else that reaches the edge of the program is a bug in qctl (exit 70).
 */
export class QctlError extends Error {
  override readonly name = 'QctlError'
  readonly code: ErrorCode
  readonly hint: string | null

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : {cause: facts.cause})
    this.code = code
    this.hint = facts.hint ?? null
  }

  /** The exit status of this error (spec: exit codes). */
  get exit(): number {
    return ERRORS[this.code].exit
  }

  /** True when repeating the same call is safe and may succeed. */
  get retryable(): boolean {
    return ERRORS[this.code].retryable
  }
}

/** The sentence of an error. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** What is longer is no sentence but somebody's data; lists would be full of it. */
const ERROR_MAX_CHARS = 4096

/** What a handler gave as its error, as it is kept with its job: 4096 characters of it. */
export function keptError(error: string): string {
  return error.length <= ERROR_MAX_CHARS ? error : `${error.slice(0, ERROR_MAX_CHARS).toWellFormed()}…`
}
