import {readdirSync, readFileSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import oclif from '@oclif/core/package.json' with {type: 'json'}
import {manifestJson} from './manifest.ts'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

/**
 * oclif reads its own package.json from the directory it was built in, at run time, on the user's machine;
 * and a path of this machine would end up in the binary.
 */
const withoutBuildPath: Bun.BunPlugin = {
  name: 'without-build-path',
  setup(build) {
    build.onLoad({filter: /@oclif[\\/]core[\\/]lib[\\/].*\.js$/}, ({path}) => {
      const source = readFileSync(path, 'utf8')
      const versioned = source.replace("require('@oclif/core/package.json').version", JSON.stringify(oclif.version))
      return {contents: versioned.replaceAll('__dirname', '"/"'), loader: 'js'}
    })
  },
}

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
  define: {'process.env.NODE_ENV': '"production"', QCTL_MANIFEST: await manifestJson()},
  compile: compile as Bun.CompileBuildOptions,
  plugins: [withoutBuildPath],
})

// The maps are inside the binary, too.
for (const file of readdirSync(dist)) if (file.endsWith('.map')) rmSync(join(dist, file))
