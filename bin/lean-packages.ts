/**
 * Makes the packages in the binary start faster without changing what they do for qctl. The npm package has them as they are.
 */
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import oclif from '@oclif/core/package.json' with {type: 'json'}

/** `const errors_1 = require("./errors");` or `var …`, at the top of a module, as the TypeScript compiler writes it. */
const REQUIRE = /^(?:const|var) (\w+) = ((?:__import(?:Default|Star)\()?require\("[^"]+"\)\)?);$/m

/**
 * Puts off each `require` at the top of a compiled module until its first use.
 *
 * @param source a CommonJS module that the TypeScript compiler wrote
 */
export function withLateRequires(source: string): string {
  let late = source
  for (let found = REQUIRE.exec(late); found !== null; found = REQUIRE.exec(late)) {
    const [statement, name = '', required = ''] = found
    const before = late.slice(0, found.index)
    const after = late.slice(found.index + statement.length)
    // Names of modules are never used but to take something out of them.
    const use = new RegExp(`(?<![.\\w$'"\`])${name}(?=[.)])`, 'g')
    late = `${before}let ${name}$; const ${name} = () => (${name}$ ??= ${required});${after.replace(use, `(${name}())`)}`
  }
  return late
}

/** Replaces what must be there: after an update of the package somebody has to look again. */
function replaced(path: string, source: string, [what, by]: readonly [string, string]): string {
  if (!source.includes(what)) throw new Error(`${path} does not contain ${what}`)
  return source.replaceAll(what, by)
}

/** What is different in single modules, by the end of their path. */
const CHANGES: Readonly<Record<string, readonly [string, string]>> = {
  // oclif would read its own package.json from the directory it was built in, at run time, on the user's machine.
  '@oclif/core/lib/cache.js': ["require('@oclif/core/package.json').version", JSON.stringify(oclif.version)],
  // The first look at `process.stdout` costs 3 ms, and `papers.ts` takes this listener off anyway.
  '@oclif/core/lib/command.js': ["process.stdout.on('error'", "(() => {})('error'"],
  // The process knows both without loading node:os (0.2 ms).
  '@oclif/core/lib/config/config.js': ['(0, node_os_1.arch)()', 'process.arch'],
  '@oclif/core/lib/util/os.js': ['(0, node_os_1.platform)()', 'process.platform'],
  // Every word of help is a template, compiled for 0.1 ms; hardly any has something to fill in.
  '@oclif/core/lib/help/util.js': ['return ejs_1', "return !t.includes('<%') ? t : ejs_1"],
  // The pattern of all emoji takes 3 ms to compile.
  'string-width/index.js': ['string = stripAnsi(string);', 'if (/^[ -~]*$/.test(string)) return string.length; string = stripAnsi(string);'],
}

/** Modules that are loaded and not used: by their path, what stands in for them. */
const UNUSED: readonly (readonly [RegExp, string])[] = [
  // Asks whether this is Windows' Linux, by reading /proc. qctl does not care.
  [/[\\/]wsl-utils[\\/]index\.js$/, 'export const isWsl = false; export const powerShellPath = async () => "powershell.exe"'],
  // qctl decides itself how colourful to be, and this loads node:tty (3 ms).
  [/[\\/]chalk[\\/]source[\\/]vendor[\\/]supports-color[\\/]index\.js$/, 'export default {stdout: false, stderr: false}; export const createSupportsColor = () => false'],
]

/** The plugin of the bundler that does all this. */
export const leanPackages: Bun.BunPlugin = {
  name: 'lean-packages',
  setup(build) {
    // Not those below another package: they are of other versions.
    build.onLoad({filter: /^((?!node_modules).)*[\\/]node_modules[\\/](@oclif[\\/]core[\\/]lib[\\/].*|string-width[\\/]index)\.js$/}, ({path}) => {
      const file = path.slice(path.lastIndexOf('node_modules') + 'node_modules/'.length)
      const change = CHANGES[file.replaceAll('\\', '/')]
      const source = readFileSync(path, 'utf8')
      const changed = change === undefined ? source : replaced(path, source, change)
      // A path of this machine would end up in the binary.
      return {contents: withLateRequires(changed).replaceAll('__dirname', '"/"'), loader: 'js'}
    })
    build.onResolve({filter: /^supports-color$/}, () => ({path: join(import.meta.dirname, 'stand-ins/supports-color.ts')}))
    for (const [filter, contents] of UNUSED) build.onLoad({filter}, () => ({contents, loader: 'js'}))
  },
}
