/** The compiled binary, and what it is started with. */
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {scratch} from './scratch.ts'

const path = join(import.meta.dirname, '../../dist/qctl')

/** @throws when it was not built */
export function binary(): string {
  if (!existsSync(path)) throw new Error(`${path} does not exist: run npm run build`)
  return path
}

/** Everything it may depend on. */
export function environment(database: string): Record<string, string> {
  return {PATH: process.env['PATH'] ?? '', HOME: scratch, TZ: 'UTC', QCTL_DB: database}
}
