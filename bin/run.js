#!/usr/bin/env node
// The entry of the npm package. Syntax of old versions of Node on purpose, so that they can read the sentence below.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(`qctl needs Node 24 or newer, this is ${process.version}; or use the binary, which needs no Node\n`)
  process.exit(1)
}

if (process.argv[2] === '__guard') {
  const {runGuard} = await import('../dist/node/lib/guard/run.js')
  await runGuard(process.argv.slice(3))
  process.exit()
}
if (process.argv[2] === '__module-worker') {
  const {runModuleWorker} = await import('../dist/node/lib/handlers/module-worker.js')
  process.exit(await runModuleWorker(process.argv[3] ?? '', () => import('../dist/node/index.js')))
}

const {readFileSync} = await import('node:fs')
const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
const [{commands}, {main}] = await Promise.all([import('../dist/node/commands/index.js'), import('../dist/node/lib/cli/main.js')])
await main(process.argv.slice(2), {
  pjson: read('../package.json'),
  manifest: () => read('../dist/node/oclif.manifest.json'),
  commands,
  root: import.meta.dirname,
})
