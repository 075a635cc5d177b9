import {existsSync, mkdirSync, readFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {BINARY, type Finished, type Scene, type StartOptions} from './scene.ts'
import {random} from './seed.ts'

/** One moment in the run of a program: the Nth time that it makes this system call on the database's files. */
export interface Point {
  readonly syscall: string
  readonly nth: number
}

/** The files whose system calls are meant. */
function filesOf(database: string): string[] {
  return ['', '-wal', '-shm', '-journal'].map(suffix => database + suffix).concat(dirname(database))
}

function strace(database: string, output: string, expressions: readonly string[]): string[] {
  const paths = filesOf(database).flatMap(path => ['-P', path])
  return ['strace', '-f', '-qq', '-o', output, ...paths, ...expressions.flatMap(expression => ['-e', expression])]
}

/** Every system call that a command makes on the database, in the order of their first use. The command is run for it. */
export async function pointsOf(scene: Scene, args: readonly string[], options: StartOptions = {}): Promise<Point[]> {
  const output = scene.path('points')
  await scene.start([BINARY, ...args], {...options, wrap: strace(scene.database, output, ['trace=%file,%desc'])}).finished()
  const counts = new Map<string, number>()
  for (const [, name = ''] of readFileSync(output, 'latin1').matchAll(/^\d+ +(\w+)\(/gm)) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].flatMap(([syscall, count]) => Array.from({length: count}, (_, i) => ({syscall, nth: i + 1})))
}

/** So many of them, spread evenly; all when there are fewer. The point after the last one of each call is for the reader to add. */
export function sample<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items]
  // A set, because two neighbours may draw the same place.
  const places = new Set(Array.from({length: count}, (_, i) => Math.floor(((i + random()) * items.length) / count)))
  return items.filter((_, place) => places.has(place))
}

/** Runs a command that is killed at a point, before the system call takes effect. */
export function killAt(scene: Scene, {syscall, nth}: Point, args: readonly string[], options: StartOptions = {}): Promise<Finished> {
  const wrap = strace(scene.database, '/dev/null', [`trace=${syscall}`, `inject=${syscall}:signal=SIGKILL:when=${nth}`])
  return scene.start([BINARY, ...args], {...options, wrap}).finished()
}

/** Runs a command in which a system call fails, once (`when` is `3`) or from then on (`3+`). */
export function failAt(scene: Scene, syscall: string, error: string, when: string, args: readonly string[], options: StartOptions = {}): Promise<Finished> {
  const wrap = strace(scene.database, '/dev/null', [`trace=${syscall}`, `inject=${syscall}:error=${error}:when=${when}`])
  return scene.start([BINARY, ...args], {...options, wrap}).finished()
}

/** Points a scene to a database of its own for this round. */
export function freshDatabase(scene: Scene, name: string): void {
  const directory = join(scene.directory, name)
  if (!existsSync(directory)) mkdirSync(directory, {mode: 0o700})
  scene.database = join(directory, 'q.db')
}
