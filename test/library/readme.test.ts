/** The samples of the README in TypeScript, as their readers compile them. */
import {expect, test} from 'bun:test'
import {existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {scratchDirectory} from '../support/scratch.ts'

const ROOT = join(import.meta.dirname, '../..')
const FLAGS = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node']

test('the samples of the README pass the compiler', () => {
  if (!existsSync(join(ROOT, 'dist/node/index.d.ts'))) throw new Error('dist/node is missing: run the tests with npm test, which makes it')
  const samples = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map(([, sample = '']) => sample)
  expect(samples.length).toBeGreaterThanOrEqual(2)
  const cwd = scratchDirectory()
  mkdirSync(join(cwd, 'node_modules/@types'), {recursive: true})
  symlinkSync(ROOT, join(cwd, 'node_modules/qctl'))
  symlinkSync(join(ROOT, 'node_modules/@types/node'), join(cwd, 'node_modules/@types/node'))
  writeFileSync(join(cwd, 'package.json'), '{"type": "module"}')
  const files = samples.map((sample, index) => {
    writeFileSync(join(cwd, `sample-${index}.ts`), sample)
    return `sample-${index}.ts`
  })
  const {stdout, exitCode} = Bun.spawnSync([process.execPath, join(ROOT, 'node_modules/.bin/tsc'), ...FLAGS, ...files], {cwd})
  expect([stdout.toString(), exitCode]).toEqual(['', 0])
}, 60_000)
