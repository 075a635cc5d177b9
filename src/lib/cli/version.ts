/** What qctl is made of; bug reports need it, and a fault in SQLite or Bun is invisible to `npm audit`. */
export interface VersionFacts {
  readonly version: string
  readonly runtime: 'bun' | 'node'
  readonly runtime_version: string
  readonly sqlite: string | null
  readonly platform: string
  /** True for the one-file binary. */
  readonly compiled: boolean
}

/**
 * Says what qctl is made of, without opening anything.
 *
 * @param version of qctl, as in package.json
 */
export function versionFacts(version: string): VersionFacts {
  const {bun, node, sqlite} = process.versions
  return {
    version,
    runtime: bun === undefined ? 'node' : 'bun',
    runtime_version: bun ?? node,
    sqlite: sqlite ?? null,
    platform: `${process.platform}-${process.arch}`,
    compiled: import.meta.url.includes('$bunfs') || import.meta.url.includes('~BUN'),
  }
}
