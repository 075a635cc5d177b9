import {readFileSync} from 'node:fs'
import {join} from 'node:path'

/** The version of a package that is installed here. */
export function packageVersion(name: string): string {
  const {version} = JSON.parse(readFileSync(join(import.meta.dirname, 'node_modules', name, 'package.json'), 'utf8')) as {readonly version: string}
  return version
}
