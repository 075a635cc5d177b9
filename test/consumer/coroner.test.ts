import {describe, expect, test} from 'bun:test'
import {symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {HostCoroner} from '../../src/lib/consumer/coroner.ts'
import {identifySelf, isFinished, readStat} from '../../src/lib/process.ts'
import {scratchDirectory} from '../support/scratch.ts'
import {waitFor} from '../support/wait-for.ts'

describe('the coroner', () => {
  const coroner = new HostCoroner(null)
  const self = identifySelf()

  test('knows who died, and of what', () => {
    const child = Bun.spawnSync(['true'])
    expect(coroner.causeOfDeath(self)).toBeNull()
    expect(coroner.causeOfDeath({...self, pid: child.pid})).toBe('consumer_died')
    expect(coroner.causeOfDeath({...self, startTime: '1'})).toBe('consumer_died')
    expect(coroner.causeOfDeath({...self, pidNamespace: '1', startTime: '1'})).toBeNull()
    expect(coroner.causeOfDeath({...self, bootId: 'another:1'})).toBe(self.machineId === '' ? null : 'host_rebooted')
    expect(coroner.causeOfDeath({...self, bootId: 'another:1', machineId: 'elsewhere'})).toBeNull()
  })

  test('kills what runs of a claim, by whatever name the database was opened', async () => {
    const directory = scratchDirectory()
    const [path, link] = [join(directory, 'q.db'), join(directory, 'link.db')]
    writeFileSync(path, '')
    symlinkSync(path, link)
    const named = new HostCoroner(link)
    expect(named.dbPath).toBe(new HostCoroner(path).dbPath)
    const child = Bun.spawn(['sleep', '100'], {env: {PATH: process.env['PATH'], QCTL_JOB_ID: '5', QCTL_FENCE: '2', QCTL_DB: named.dbPath ?? ''}})
    expect(await named.removeSurvivors([{id: 5, fence: 2, process: self}, {id: 6, fence: 1, process: self}])).toEqual([])
    await waitFor(() => {
      const stat = readStat(child.pid)
      return stat === null || isFinished(stat)
    })
  })
})
