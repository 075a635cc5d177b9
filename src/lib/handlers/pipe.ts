/**
 * Real pipes. Both runtimes connect a child by sockets, and the kernel refuses to open those by name: `echo >/dev/stderr`
 * and `tee /dev/stdout` would fail in every handler. Under Bun the C library can be asked; loaded only there.
 */
import {dlopen} from 'bun:ffi'

export interface Pipe {
  readonly readEnd: number
  readonly writeEnd: number
}

/** O_CLOEXEC of Linux: no other child may inherit the ends. */
const CLOSE_ON_EXEC = 0o2000000

/** glibc, then musl. */
const C_LIBRARIES = ['libc.so.6', `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`]

type MakePipe = (ends: NodeJS.TypedArray, flags: number) => number

/** Opens pipes; asks for the C library when the first one is wanted. */
class PipeMaker {
  #make: MakePipe | null | undefined

  open(): Pipe | null {
    if (this.#make === undefined) this.#make = process.platform === 'linux' ? loadPipe2() : null
    const ends = new Int32Array(2)
    if (this.#make === null || this.#make(ends, CLOSE_ON_EXEC) !== 0) return null
    const [readEnd = -1, writeEnd = -1] = ends
    return {readEnd, writeEnd}
  }
}

function loadPipe2(): MakePipe | null {
  for (const library of C_LIBRARIES) {
    try {
      return dlopen(library, {pipe2: {args: ['ptr', 'int'], returns: 'int'}}).symbols.pipe2
    } catch {
      // Not this one.
    }
  }
  return null
}

const pipes = new PipeMaker()

/** Opens a pipe; `null` where that is not possible: then the runtime's own sockets have to do. */
export function openPipe(): Pipe | null {
  return pipes.open()
}
