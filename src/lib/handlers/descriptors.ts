/**
 * Real pipes, and files without a name, from the C library. Loaded only under Bun.
 *
 * Both runtimes connect a child by sockets, and the kernel refuses to open those by name: `echo >/dev/stderr` and
 * `tee /dev/stdout` would fail in every handler. And Bun keeps the file it makes of a child's input open until its garbage
 * is collected, a thousand of them if need be.
 */
import {dlopen} from 'bun:ffi'
import {closeSync, writeSync} from 'node:fs'
import {openCLibrary} from '../c-library.ts'

export interface Pipe {
  readonly readEnd: number
  readonly writeEnd: number
}

/** O_CLOEXEC and MFD_CLOEXEC of Linux: only the child that is meant inherits the descriptor. */
const PIPE_CLOSE_ON_EXEC = 0o2000000
const FILE_CLOSE_ON_EXEC = 1
/** F_SETFL, F_SETPIPE_SZ and O_NONBLOCK of Linux. */
const SET_FLAGS = 4
const SET_PIPE_SIZE = 1031
const NOT_BLOCKING = 0o4000

const FUNCTIONS = {
  pipe2: {args: ['ptr', 'int'], returns: 'int'},
  memfd_create: {args: ['ptr', 'u32'], returns: 'int'},
  fcntl: {args: ['int', 'int', 'int'], returns: 'int'},
  read: {args: ['int', 'ptr', 'u32'], returns: 'int'},
} as const

interface CLibrary {
  readonly pipe2: (ends: NodeJS.TypedArray, flags: number) => number
  readonly memfd_create: (name: NodeJS.TypedArray, flags: number) => number
  readonly fcntl: (file: number, command: number, argument: number) => number
  readonly read: (file: number, buffer: NodeJS.TypedArray, size: number) => number
}

/** Asks for the C library when it is needed for the first time. */
class Descriptors {
  readonly #name = new TextEncoder().encode('qctl payload\0')
  #library: CLibrary | null | undefined
  #buffer = new Uint8Array(0)

  pipe(ours: keyof Pipe): Pipe | null {
    const ends = new Int32Array(2)
    if (this.#load()?.pipe2(ends, PIPE_CLOSE_ON_EXEC) !== 0) return null
    const [readEnd = -1, writeEnd = -1] = ends
    const pipe = {readEnd, writeEnd}
    // Only our end: the program's own must block as programs expect it.
    this.#library?.fcntl(pipe[ours], SET_FLAGS, NOT_BLOCKING)
    return pipe
  }

  enlarge(end: number, bytes: number): void {
    this.#library?.fcntl(end, SET_PIPE_SIZE, bytes)
  }

  read(file: number, most: number): Uint8Array | null {
    if (this.#buffer.length < most) this.#buffer = new Uint8Array(most)
    const length = this.#library?.read(file, this.#buffer, most) ?? -1
    return length < 0 ? null : this.#buffer.subarray(0, length)
  }

  file(bytes: Uint8Array): number | null {
    const file = this.#load()?.memfd_create(this.#name, FILE_CLOSE_ON_EXEC) ?? -1
    if (file < 0) return null
    try {
      // With a position: the child shares the offset and is to read from the start.
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written, bytes.length - written, written)
      return file
    } catch (error) {
      closeSync(file)
      throw error
    }
  }

  #load(): CLibrary | null {
    if (this.#library === undefined) this.#library = process.platform === 'linux' ? openCLibrary(name => dlopen(name, FUNCTIONS).symbols) : null
    return this.#library
  }
}

const descriptors = new Descriptors()

/**
 * Opens a pipe; `null` where that is not possible: then the runtime's own sockets have to do.
 * @param ours the end that does not block
 */
export function openPipe(ours: keyof Pipe): Pipe | null {
  return descriptors.pipe(ours)
}

/** Lets a pipe hold so many bytes, if it may. */
export function enlargePipe(end: number, bytes: number): void {
  descriptors.enlarge(end, bytes)
}

/**
 * Reads from a pipe without waiting.
 * @param most bytes
 * @returns the bytes, which are overwritten by the next call; none at the end of the pipe; `null` when there is nothing now
 */
export function readNow(file: number, most: number): Uint8Array | null {
  return descriptors.read(file, most)
}

/**
 * Makes a file in memory that nobody else can name, to be read from its start.
 * @returns its descriptor; `null` where that is not possible
 * @throws when there is no memory for it
 */
export function anonymousFile(bytes: Uint8Array): number | null {
  return descriptors.file(bytes)
}
