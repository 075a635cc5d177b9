import {describe, expect, test} from 'bun:test'
import {spawnSync} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import pjson from '../package.json' with {type: 'json'}
import {scratchDirectory} from './support/scratch.ts'

const root = join(import.meta.dirname, '..')

function installed(name: string): string {
  const {version} = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')) as {version: string}
  return version
}

describe('the dependencies', () => {
  const all = Object.entries({...pjson.dependencies, ...pjson.devDependencies})

  test('are pinned, and installed as pinned', () => {
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
    expect(all.map(([name]) => [name, installed(name)])).toEqual(all)
  })

  // npm on an old Node silently takes older majors whose `engines` fit.
  test('are of the majors that the code is written for', () => {
    expect([installed('ink'), installed('chalk'), installed('react')].map((version) => Number.parseInt(version, 10))).toEqual([8, 6, 19])
  })

  test('come from no particular registry', () => {
    expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toContain('"resolved"')
  })
})

test('the npm package says in one sentence that it needs a newer Node', () => {
  const {stdout: version} = spawnSync('node', ['-p', 'process.versions.node'], {encoding: 'utf8'})
  if (Number.parseInt(version, 10) >= 24) return
  const {status, stdout, stderr} = spawnSync('node', [join(root, 'bin/run.js'), '--help'], {encoding: 'utf8'})
  expect([status, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/^qctl needs Node 24 or newer, this is v[\d.]+;[^\n]+\n$/)
})

test('so does the library', () => {
  const {stdout: version} = spawnSync('node', ['-p', 'process.versions.node'], {encoding: 'utf8'})
  if (Number.parseInt(version, 10) >= 24) return
  const program = `import {openQueue} from ${JSON.stringify(join(root, 'dist/node/index.js'))}
    await openQueue('q.db', {create: true}).catch(({code, message}) => console.log(code, message))`
  const {status, stdout, stderr} = spawnSync('node', ['--input-type=module', '-e', program], {encoding: 'utf8', cwd: scratchDirectory()})
  expect([status, stdout, stderr]).toEqual([0, `bad_config qctl needs Node 24 or newer, this is v${version.trim()}\n`, ''])
})
