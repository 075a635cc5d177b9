/** Its names on glibc, musl and macOS. */
const NAMES = ['libc.so.6', `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`, 'libSystem.B.dylib'] as const

/**
 * Opens the C library by whichever of its names there is.
 * @param open by a name; throws when there is none of it
 * @returns what `open` gave; `null` when it opens by no name
 */
export function openCLibrary<Library>(open: (name: string) => Library): Library | null {
  for (const name of NAMES) {
    try {
      return open(name)
    } catch {
      // Not this one.
    }
  }
  return null
}
