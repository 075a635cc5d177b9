import {existsSync} from 'node:fs'
import {QctlError} from '../errors.ts'
import type {StorageInfo} from '../storage/storage.ts'
import type {Upkeep} from '../upkeep.ts'
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
  const info = await readyInfo(await open(), durability)
  const {location, schemaVersion} = info
  const document = {location, created, engine: info.engine, schema_version: schemaVersion, durability: info.durability, dry_run: false}
  print.result(document, () => `${location} is ready (schema ${schemaVersion}, durability ${info.durability})`)
}

/** @throws QctlError `conflict` */
async function readyInfo({storage}: Session, durability: Durability | undefined): Promise<StorageInfo> {
  const info = await storage.info()
  if (durability !== undefined && durability !== info.durability) {
    throw new QctlError('conflict', `${info.location} exists with durability ${info.durability}`, {
      hint: 'durability is chosen when a database is made: make another one and move the jobs',
    })
  }
  return info
}

/**
 * Says what `initialize` would do.
 * @throws QctlError as that
 */
export async function rehearse({file, durability, open, print}: Initialization, upkeep: Pick<Upkeep, 'standing'>): Promise<void> {
  const standing = await upkeep.standing()
  // One that is up to date is not changed by being opened.
  const info = standing === 'current' ? await readyInfo(await open(), durability) : null
  const created = standing === 'missing'
  const document = {
    location: info?.location ?? file, created, engine: info?.engine ?? null, schema_version: info?.schemaVersion ?? null,
    durability: info?.durability ?? (created ? (durability ?? 'full') : null), dry_run: true,
  }
  const would = {missing: `would make the database ${file}`, older: `would bring the database ${file} up to date`, current: `the database ${file} is up to date`}
  print.rehearsal(document, `${would[standing]}; nothing was changed`)
}
