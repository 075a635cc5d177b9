/** A PostgreSQL as Debian configures it: every commit is on the disk. */
import {execFile} from 'node:child_process'
import {existsSync, mkdirSync, readdirSync} from 'node:fs'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {Client} from 'pg'
import {debianVersion} from '../debian.ts'
import type {Running} from './peer.ts'
import {accountForRoot, asGuest, hand, startServer} from './server.ts'

const INSTALLED = '/usr/lib/postgresql'
const USER = 'bench'

/** Starts an empty one in the directory. As root it is another user's, because PostgreSQL refuses to be root's. */
export async function startPostgres(directory: string): Promise<Running> {
  const bin = binaries()
  const data = join(directory, 'data')
  const as = accountForRoot('postgres')
  mkdirSync(data)
  for (const owned of [directory, data]) hand(owned, as)
  const [initdb, ...args] = asGuest({command: [join(bin, 'initdb'), '-A', 'trust', '-U', USER, '-E', 'UTF8', '--no-sync', '-D', data], as})
  await promisify(execFile)(initdb, args, {cwd: directory})
  return startServer({
    command: [join(bin, 'postgres'), '-D', data, '-k', directory, '-c', 'listen_addresses='],
    cwd: directory,
    as,
    signal: 'SIGINT',
  }, line => line.includes('database system is ready to accept connections'))
}

/** How to connect to it. */
export function postgresUrl(directory: string): string {
  return `postgres://${USER}@/postgres?host=${encodeURIComponent(directory)}`
}

/** The first column of the first row. */
export async function askPostgres(directory: string, sql: string): Promise<number> {
  const client = new Client({connectionString: postgresUrl(directory)})
  await client.connect()
  const {rows} = await client.query<[string]>({text: sql, rowMode: 'array'})
  await client.end()
  return Number(rows[0]?.[0])
}

export function postgresVersion(): string {
  return debianVersion(`postgresql-${newest()}`)
}

function binaries(): string {
  return join(INSTALLED, newest(), 'bin')
}

function newest(): string {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).map(Number).filter(Boolean) : []
  if (versions.length === 0) throw new Error(`there is no PostgreSQL in ${INSTALLED}`)
  return String(Math.max(...versions))
}
