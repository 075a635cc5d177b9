import {describe, expect, test} from 'bun:test'
import {readdirSync, readFileSync} from 'node:fs'
import {dirname, join, relative} from 'node:path'

const root = join(import.meta.dirname, '..')

interface Source {
  /** From the root of the repository, with `/`. */
  readonly path: string
  readonly room: string
  readonly text: string
  /** What it imports, also as a type: paths from the root, or names of packages. */
  readonly imports: readonly string[]
  /** What is still imported when the types are gone. */
  readonly values: readonly string[]
  /** Of these, what is loaded at once and not by `await import`. */
  readonly early: readonly string[]
}

/** A folder is a room; files that lie in `src/lib` itself are the ground floor. */
function roomOf(path: string): string {
  const [, room] = /^src\/lib\/([^/]+)\//.exec(path) ?? []
  if (room !== undefined) return room
  if (path.startsWith('src/lib/')) return 'ground'
  if (path.startsWith('src/commands/')) return 'commands'
  return path.startsWith('bin/') ? 'bin' : 'package'
}

function load(path: string): Source {
  const text = readFileSync(join(root, path), 'utf8')
  const resolve = (specifier: string): string =>
    specifier.startsWith('.') ? relative(root, join(root, dirname(path), specifier)).replaceAll('\\', '/') : specifier
  const values = new Bun.Transpiler({loader: path.endsWith('x') ? 'tsx' : 'ts'}).scanImports(text)
  const every = text.matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\()'([^']+)'/g)
  return {
    path,
    room: roomOf(path),
    text,
    imports: [...every].map(([, specifier]) => resolve(specifier ?? '')),
    values: values.map((found) => resolve(found.path)),
    early: values.filter(({kind}) => kind === 'import-statement').map((found) => resolve(found.path)),
  }
}

const sources = ['src', 'bin']
  .flatMap((directory) => readdirSync(join(root, directory), {recursive: true, encoding: 'utf8'}).map((path) => join(directory, path)))
  .filter((path) => /\.tsx?$/.test(path))
  .map(load)

/** Who may import whom. A room may always import itself and the ground floor. Everything else needs a line here. */
const MAY_IMPORT: Readonly<Record<string, readonly RegExp[]>> = {
  package: [/^src\/lib\/(queue|consumer|storage|handlers)\//],
  bin: [/^src\/commands\/index\.ts$/, /^src\/index\.ts$/, /^src\/lib\/handlers\/module-worker\.ts$/, /^src\/lib\/(cli|guard)\//, /^package\.json$/],
  commands: [/^src\/lib\/(cli|doctor|top|server|supervisor|consumer|producer|queue)\//, /^src\/lib\/handlers\/index\.ts$/],
  doctor: [],
  cli: [/^src\/lib\/(doctor|queue|producer|supervisor|demo)\//],
  top: [/^src\/lib\/(queue|cli|consumer|doctor|handlers|supervisor)\//],
  server: [/^src\/lib\/(queue|producer)\//],
  supervisor: [],
  demo: [/^src\/lib\/supervisor\//],
  producer: [/^src\/lib\/queue\//],
  consumer: [/^src\/lib\/(queue|handlers|guard)\//],
  guard: [],
  handlers: [],
  queue: [],
  storage: [],
  ground: [],
}

/** Imports that vanish with the types do not tie rooms together: the contract of the storage, and the tree of a filter. */
const MAY_KNOW = [/^src\/lib\/storage\/storage\.ts$/, /^src\/lib\/queue\/filter\.ts$/]

/** The one place that opens the storage. */
const OPENERS = new Set(['src/lib/cli/session.ts', 'src/index.ts'])

function isAllowed(from: Source, target: string): boolean {
  const room = roomOf(target)
  if (room === from.room || room === 'ground') return true
  if (target === 'src/lib/storage/open.ts') return OPENERS.has(from.path)
  if (!from.values.includes(target) && MAY_KNOW.some((known) => known.test(target))) return true
  return MAY_IMPORT[from.room]?.some((allowed) => allowed.test(target)) === true
}

function violations(check: (source: Source) => boolean): string[] {
  return sources.filter(check).map(({path}) => path)
}

function importersOf(name: RegExp): Source[] {
  return sources.filter(({imports}) => imports.some((specifier) => name.test(specifier)))
}

describe('the rooms', () => {
  test('every room is known', () => {
    expect([...new Set(sources.map(({room}) => room))].filter((room) => MAY_IMPORT[room] === undefined)).toEqual([])
  })

  test('import only the rooms they may', () => {
    const wrong = sources.flatMap((source) =>
      source.imports
        .filter((target) => target.startsWith('src/') && !isAllowed(source, target))
        .map((target) => `${source.path} imports ${target}`),
    )
    expect(wrong).toEqual([])
  })

  test('an engine does not know another engine, and only open.ts knows any', () => {
    const engine = (path: string): string | null => /^src\/lib\/storage\/([^/]+)\//.exec(path)?.[1] ?? null
    const wrong = sources.flatMap(({path, imports}) =>
      imports
        .filter((target) => engine(target) !== null && engine(target) !== engine(path) && path !== 'src/lib/storage/open.ts')
        .map((target) => `${path} imports ${target}`),
    )
    expect(wrong).toEqual([])
  })

  test('the lowest floor of all is errors.ts', () => {
    expect(sources.find(({path}) => path === 'src/lib/errors.ts')?.imports).toEqual([])
  })
})

describe('foreign packages stay in their room', () => {
  test('node:sqlite in sqlite/connection.ts', () => {
    const wrong = importersOf(/^(node|bun):sqlite$/).map(({path}) => path)
    expect(wrong.filter((path) => path !== 'src/lib/storage/sqlite/connection.ts')).toEqual([])
  })

  test('ink and react in top/', () => {
    expect(importersOf(/^(ink|react)(\/|$)/).filter(({room}) => room !== 'top').map(({path}) => path)).toEqual([])
  })

  test('oclif in cli/ and commands/', () => {
    const value = sources.filter(({values}) => values.some((name) => /^@oclif\//.test(name) && !name.endsWith('package.json')))
    expect(value.filter(({room}) => room !== 'cli' && room !== 'commands').map(({path}) => path)).toEqual([])
  })

  test('what every start pays for does not load oclif', () => {
    const reached = new Set<string>()
    const follow = (path: string): void => {
      if (reached.has(path)) return
      reached.add(path)
      sources.find((source) => source.path === path)?.early.forEach(follow)
    }
    const light = ['session', 'parse-args', 'flags', 'failure', 'safe-output'].map((name) => `src/lib/cli/${name}.ts`)
    for (const path of [...light, 'src/lib/config.ts', 'bin/qctl.ts']) follow(path)
    expect([...reached].filter((path) => /^(@oclif|ink|react|smol-toml|cli-table3|chalk)/.test(path))).toEqual([])
  })
})

describe('powers stay where they can be watched', () => {
  test('process.exit in bin/ and cli/', () => {
    expect(violations(({text, room}) => /\bprocess\.exit\(/.test(text) && room !== 'bin' && room !== 'cli')).toEqual([])
  })

  test('the C library is named in one place, so that none forgets a system', () => {
    expect(violations(({text}) => /\blib(c|System)\b[\w.-]*\.(so|dylib)\b/.test(text))).toEqual(['src/lib/c-library.ts'])
  })

  test('clocks and timers in time.ts', () => {
    const clock = /\bDate\.now\(|\bnew Date\(\)|\bsetTimeout\(|\bsetInterval\(|\bperformance\.now\(/
    const own = (path: string): boolean => path.startsWith('src/lib/') && path !== 'src/lib/time.ts'
    expect(violations(({text, path}) => own(path) && clock.test(withoutComments(text)))).toEqual([])
  })
})

describe('the manners', () => {
  test('no file has more than 300 lines', () => {
    expect(sources.filter(({text}) => text.split('\n').length > 301).map(({path}) => path)).toEqual([])
  })

  test('no file is named for nothing in particular', () => {
    expect(violations(({path}) => /\b(utils?|helpers?|common|managers?|services?|types)\b/.test(path))).toEqual([])
  })

  test('nothing is any, and nothing is left to do', () => {
    expect(violations(({text}) => /(:|\bas|<|,) ?any\b(?!\w)/.test(withoutComments(text)))).toEqual([])
    expect(violations(({text}) => /\b(TODO|FIXME|XXX)\b/.test(text))).toEqual([])
  })

  test('commands are the only default exports', () => {
    const wrong = violations(({text, room, path}) => /^export default /m.test(text) !== (room === 'commands' && !path.endsWith('commands/index.ts')))
    expect(wrong).toEqual([])
  })
})

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '')
}
