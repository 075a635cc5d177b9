import {afterEach, expect, test} from 'bun:test'
import {groupLedBy, killGroups} from '../src/lib/process-groups.ts'
import {isFinished, listPids, readStat} from '../src/lib/process.ts'
import {waitFor} from './support/wait-for.ts'

const leaders: Bun.Subprocess[] = []
afterEach(() => {
  for (const leader of leaders.splice(0)) {
    try {
      process.kill(-leader.pid, 'SIGKILL')
    } catch {
      // Gone as it should be.
    }
  }
})

function membersOf(group: number): number[] {
  return listPids().filter(pid => {
    const stat = readStat(pid)
    return stat !== null && stat.group === group && !isFinished(stat)
  })
}

async function start(script: string, size: number): Promise<number> {
  const leader = Bun.spawn(['sh', '-c', script], {detached: true, stdout: 'ignore', stderr: 'ignore'})
  leaders.push(leader)
  await waitFor(() => membersOf(leader.pid).length === size, {what: `a group of ${size}`})
  return leader.pid
}

test('all of a group are gone, also those without an environment and those that ignore TERM', async () => {
  const pid = await start(`trap '' TERM; env -i /bin/sleep 60 & sleep 61 & sleep 62; true`, 4)
  const group = groupLedBy(pid)
  expect(group).not.toBeNull()
  expect(await killGroups(group === null ? [] : [group], {deadlineMs: 5000})).toBe(true)
  expect(membersOf(pid)).toEqual([])
})

test('also those whose leader has ended', async () => {
  const pid = await start('sleep 60 & sleep 61 & wait', 3)
  const group = groupLedBy(pid)
  process.kill(pid, 'SIGKILL')
  await waitFor(() => membersOf(pid).length === 2)
  expect(await killGroups(group === null ? [] : [group], {deadlineMs: 5000})).toBe(true)
  expect(membersOf(pid)).toEqual([])
})

test('a leader that started at another time leads another group: it is left alone', async () => {
  const pid = await start('sleep 60 & sleep 61; true', 3)
  expect(await killGroups([{pid, startTime: '1'}], {deadlineMs: 100})).toBe(true)
  expect(membersOf(pid)).toHaveLength(3)
})

test('nothing is led by a process that is gone, or that is in the group of another', async () => {
  expect(groupLedBy(4_194_304)).toBeNull()
  const child = Bun.spawn(['sleep', '60'])
  expect(groupLedBy(child.pid)).toBeNull()
  child.kill('SIGKILL')
})
