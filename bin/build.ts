import {readdirSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {leanPackages} from './lean-packages.ts'
import {manifestJson} from './manifest.ts'
import {ownCopies} from './own-copies.ts'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

/** `--target=bun-linux-arm64` builds for another machine; `--outfile=NAME` names the result. */
function option(name: string, fallback: string | undefined): string | undefined {
  const prefix = `--${name}=`
  return process.argv.find((argument) => argument.startsWith(prefix))?.slice(prefix.length) ?? fallback
}

const outfile = join(dist, option('outfile', 'qctl') ?? 'qctl')
const target = option('target', undefined)

// `--compile` without `splitting` loads every command at every start; without `autoload…: false` the
// binary runs a bunfig.toml and reads a .env of whatever directory it is started in.
const compile = {
  outfile,
  ...(target === undefined ? {} : {target}),
  autoloadDotenv: false,
  autoloadBunfig: false,
  autoloadTsconfig: false,
  autoloadPackageJson: true,
  // What runs only once is not worth compiling: a quarter of the time of `queues list`. `qctl.ts` ends it for what runs longer.
  jitPolicy: 10,
}

await Bun.build({
  entrypoints: [join(root, 'bin/qctl.ts')],
  target: 'bun',
  format: 'esm',
  splitting: true,
  bytecode: true,
  sourcemap: 'linked',
  minify: {whitespace: true, syntax: true, identifiers: true, keepNames: true},
  external: ['react-devtools-core'],
  define: {'process.env.NODE_ENV': '"production"', QCTL_MANIFEST: JSON.stringify(await manifestJson())},
  compile: compile as Bun.CompileBuildOptions,
  plugins: [leanPackages, ownCopies(/-fast\.ts$/)],
})

// The maps are inside the binary, too.
for (const file of readdirSync(dist)) if (file.endsWith('.map')) rmSync(join(dist, file))
