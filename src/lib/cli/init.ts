import {existsSync} from 'node:fs'
import {QctlError} from '../errors.ts'
import type {FlagTable} from './flags.ts'
import type {Printer} from './print.ts'
import type {Session} from './session.ts'

type Durability = 'full' | 'normal'

/** For `init`. */
export const INIT_FLAGS = {
  durability: {
    kind: 'value',
    shape: 'full|normal',
    options: ['full', 'normal'],
    parse: (text): Durability => (text === 'normal' ? 'normal' : 'full'),
    summary: 'full: what was stored survives a power cut [default]; normal: only the death of a process, and faster',
  },
} as const satisfies FlagTable

/** What `init` needs. */
export interface Initialization {
  /** The file; `null` when the database is named by a URL. */
  readonly file: string | null
  readonly durability: Durability | undefined
  readonly open: () => Promise<Session>
  readonly print: Printer
}

/**
 * Makes the database, or brings an existing one up to date, and says what it is.
 * @throws QctlError `conflict` when it exists with another durability
 */
export async function initialize({file, durability, open, print}: Initialization): Promise<void> {
  const created = file !== null && !existsSync(file)
  const {storage} = await open()
  const info = await storage.info()
  if (durability !== undefined && durability !== info.durability) {
    throw new QctlError('conflict', `${info.location} exists with durability ${info.durability}`, {
      hint: 'durability is chosen when a database is made: make another one and move the jobs',
    })
  }
  const {location, schemaVersion} = info
  const document = {location, created, engine: info.engine, schema_version: schemaVersion, durability: info.durability}
  print.result(document, () => `${location} is ready (schema ${schemaVersion}, durability ${info.durability})`)
}

/** Says what `initialize` would do. */
export function rehearse(file: string | null, print: Printer): void {
  const exists = file === null || existsSync(file)
  print.note(`would ${exists ? 'bring up to date' : 'make'} the database ${file ?? ''}; nothing was changed`)
}
