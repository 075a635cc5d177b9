import {expect, test} from 'bun:test'
import {copyFileSync, mkdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {requireTool} from '../faults/support/rights.ts'
import {Scene} from '../faults/support/scene.ts'

test('the README, word for word', async () => {
  requireTool('supervisord', 'supervisor')
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
  const [, script = ''] = /## For months: supervisord\n[^]*?```sh\n([^]*?)```/.exec(readme) ?? []
  // test/prepare.sh has done that.
  const lines = script.split('\n').filter(line => !line.startsWith('apt-get'))
  expect(lines.length).toBeGreaterThan(7)
  await using scene = new Scene()
  mkdirSync(scene.path('bin'))
  copyFileSync(scene.binary, scene.path('bin', 'qctl'))
  const env = {PATH: `${scene.path('bin')}:${process.env['PATH']}`, QCTL_DB: undefined}
  const {status, stdout, stderr} = await scene.sh(`set -e\n${lines.join('\n')}`, {env})
  expect([status, stderr]).toEqual([0, stderr])
  expect(stdout).toMatch(/^consumer:consumer_03 +RUNNING +\d+ /m)
  expect(stdout).toContain('"msg":"consumer started","consumer":"consumer_00"')
  expect(readFileSync(scene.path('mail.txt'), 'utf8')).toBe('hello')
  expect(scene.left()).toEqual([])
}, 60_000)
