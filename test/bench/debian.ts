import {execFileSync} from 'node:child_process'

/** The version of an installed Debian package, without Debian's own part. */
export function debianVersion(name: string): string {
  const version = execFileSync('dpkg-query', ['-W', '-f=${Version}', name], {encoding: 'utf8'})
  return version.replace(/^\d+:/, '').replace(/-[^-]*$/, '')
}
