import {describe, expect, test} from 'bun:test'
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {ControlGroup, delegate, hierarchiesFor} from '../../src/lib/handlers/limits/cgroups.ts'
import {scratchDirectory} from '../support/scratch.ts'

describe('where groups are made', () => {
  test('version 2: below the own group, else below the mount', () => {
    const facts = {mounts: 'cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n', membership: '0::/system.slice/qctl.service\n'}
    for (const resource of ['memory', 'pids'] as const) {
      expect(hierarchiesFor(resource, facts)).toEqual([
        {version: 2, base: '/sys/fs/cgroup/system.slice/qctl.service'},
        {version: 2, base: '/sys/fs/cgroup'},
      ])
    }
  })

  test('version 1: in the hierarchy of the controller', () => {
    const facts = {
      mounts: 'cgroup /cg/memory cgroup rw,memory 0 0\ncgroup /cg/cpu\\040pids cgroup rw,cpu,pids 0 0\n',
      membership: '3:cpu,pids:/a\n2:memory:/\n1:name=systemd:/x\n',
    }
    expect(hierarchiesFor('memory', facts)).toEqual([{version: 1, base: '/cg/memory'}])
    expect(hierarchiesFor('pids', facts)).toEqual([{version: 1, base: '/cg/cpu pids/a'}, {version: 1, base: '/cg/cpu pids'}])
  })

  test('both: version 2 first', () => {
    const facts = {mounts: 'cgroup2 /u cgroup2 rw 0 0\ncgroup /m cgroup rw,memory 0 0\n', membership: '2:memory:/\n0::/\n'}
    expect(hierarchiesFor('memory', facts).map(({version}) => version)).toEqual([2, 1])
  })

  test('nowhere', () => {
    expect(hierarchiesFor('memory', {mounts: 'tmpfs /tmp tmpfs rw 0 0\n', membership: ''})).toEqual([])
  })
})

/** A directory that looks like a group of version 2: a file takes whatever is written. */
function likeVersion2(files: Readonly<Record<string, string>>): string {
  const base = scratchDirectory()
  for (const [name, text] of Object.entries(files)) writeFileSync(join(base, name), text)
  return base
}

describe('version 2', () => {
  test('has nothing to be made ready where the parent gives the controller already', () => {
    const base = likeVersion2({'cgroup.subtree_control': 'cpu memory pids\n'})
    delegate({version: 2, base}, 'memory', 'leaf')
    expect(readFileSync(join(base, 'cgroup.subtree_control'), 'utf8')).toBe('cpu memory pids\n')
  })

  test('asks for the controller where it does not', () => {
    const base = likeVersion2({'cgroup.subtree_control': ''})
    delegate({version: 2, base}, 'memory', 'leaf')
    expect(readFileSync(join(base, 'cgroup.subtree_control'), 'utf8')).toBe('+memory')
  })

  test('a group whose limits cannot be set is removed again', () => {
    const base = likeVersion2({})
    expect(() => ControlGroup.make({version: 2, base}, 'g', {memory: 1})).toThrow('memory.max')
    mkdirSync(join(base, 'g'))
  })
})
