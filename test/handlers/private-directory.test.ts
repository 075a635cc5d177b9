import {afterEach, beforeEach, describe, expect, test} from 'bun:test'
import {chmodSync, existsSync, mkdirSync, statSync, symlinkSync, utimesSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {PrivateDirectory} from '../../src/lib/handlers/private-directory.ts'
import {scratchDirectory} from '../support/scratch.ts'

const saved = process.env['XDG_RUNTIME_DIR']
let runtime = ''
beforeEach(() => {
  runtime = scratchDirectory()
  process.env['XDG_RUNTIME_DIR'] = runtime
})
afterEach(() => {
  if (saved === undefined) delete process.env['XDG_RUNTIME_DIR']
  else process.env['XDG_RUNTIME_DIR'] = saved
})

describe('the private directory', () => {
  test('is for this user alone, and shared by consumers whose names do not meet', () => {
    const [a, b] = [new PrivateDirectory().pathOf('1.1'), new PrivateDirectory().pathOf('1.1')]
    expect(dirname(a)).toBe(join(runtime, 'qctl'))
    expect(dirname(b)).toBe(dirname(a))
    expect(a).not.toBe(b)
    expect(statSync(dirname(a)).mode & 0o777).toBe(0o700)
  })

  test('is made again when it is gone', () => {
    const directory = new PrivateDirectory()
    Bun.spawnSync(['rm', '-r', dirname(directory.pathOf('1.1'))])
    expect(existsSync(dirname(directory.pathOf('1.2')))).toBe(true)
  })

  test('is another one when somebody else made it', () => {
    const elsewhere = scratchDirectory()
    for (const make of [
      () => (mkdirSync(join(runtime, 'qctl')), chmodSync(join(runtime, 'qctl'), 0o755)),
      () => symlinkSync(elsewhere, join(runtime, 'qctl')),
      () => writeFileSync(join(runtime, 'qctl'), ''),
    ]) {
      make()
      const directory = new PrivateDirectory()
      const path = dirname(directory.pathOf('1.1'))
      expect(path.startsWith(runtime)).toBe(false)
      expect(statSync(path).mode & 0o777).toBe(0o700)
      directory.close()
      expect(existsSync(path)).toBe(false)
      Bun.spawnSync(['rm', '-r', join(runtime, 'qctl')])
    }
  })

  test('loses what dead consumers left long ago, and nothing else', () => {
    const path = join(runtime, 'qctl')
    mkdirSync(path, {mode: 0o700})
    const dead = Bun.spawnSync(['true']).pid
    const old = new Date(Date.now() - 2 * 86_400_000)
    const names = {gone: `${dead}-x-1.1`, young: `${dead}-x-2.1`, alive: `${process.pid}-x-3.1`}
    for (const name of Object.values(names)) writeFileSync(join(path, name), 'x')
    for (const name of [names.gone, names.alive]) utimesSync(join(path, name), old, old)
    new PrivateDirectory().pathOf('1.1')
    expect(Object.values(names).map(name => existsSync(join(path, name)))).toEqual([false, true, true])
  })
})
