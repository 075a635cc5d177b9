import {expect} from 'bun:test'
import {createHash} from 'node:crypto'
import {copyFileSync, existsSync, readFileSync, renameSync, rmSync} from 'node:fs'
import {waitFor} from '../support/wait-for.ts'
import {countInLedger, handlersAlive, startConsumer} from './support/consumers.ts'
import {allJobs} from './support/evidence.ts'
import {describe, figure, under} from './support/report.ts'
import {type Running, Scene} from './support/scene.ts'

const scenario = under('the database is deleted, moved or replaced under a process')

/** The two that differ for whoever holds nothing. */
const FEW_WAYS = ['deleted, its log stays', 'replaced by a copy of an earlier day']
const LIMIT_MS = 10_000

/** Ways in which a database goes away under a running process. */
const WAYS: Readonly<Record<string, (scene: Scene) => void>> = {
  'deleted, its log stays': scene => rmSync(scene.database),
  'deleted with its log': scene => ['', '-wal', '-shm'].forEach(suffix => rmSync(scene.database + suffix)),
  'its log deleted': scene => rmSync(`${scene.database}-wal`),
  'the index of its log deleted': scene => rmSync(`${scene.database}-shm`),
  'moved away': scene => renameSync(scene.database, scene.path('moved.db')),
  'replaced by a copy of an earlier day': scene => {
    for (const suffix of ['-wal', '-shm']) rmSync(scene.database + suffix)
    renameSync(scene.path('backup.db'), scene.database)
  },
}

/** A scene whose database has a closed copy beside it, and some jobs to do. */
async function sceneWithBackup(): Promise<Scene> {
  const scene = new Scene()
  await scene.produce(['of the backup'])
  copyFileSync(scene.database, scene.path('backup.db'))
  await scene.produce(['later', 'even later'])
  return scene
}

/** How a process ends whose database goes away now; and how long it takes to see it. */
async function takeAway(scene: Scene, way: string, running: Running): Promise<{readonly ms: number; readonly stderr: string}> {
  const backup = createHash('sha256').update(readFileSync(scene.path('backup.db'))).digest('hex')
  WAYS[way]?.(scene)
  const begin = performance.now()
  let over = false
  void running.finished().then(() => (over = true))
  await waitFor(() => over, {deadlineMs: LIMIT_MS, what: 'the process has ended'})
  const {status, stderr} = await running.finished()
  const ms = performance.now() - begin
  expect([status, stderr]).toEqual([74, expect.stringMatching(/^qctl: .*q\.db(-wal|-shm)? was (deleted|replaced)/m)])
  const replaced = way.startsWith('replaced')
  expect(existsSync(scene.database)).toBe(replaced || /^(its log|the index)/.test(way))
  // Not a byte of the new file was changed.
  if (replaced) expect(createHash('sha256').update(readFileSync(scene.database)).digest('hex')).toBe(backup)
  return {ms, stderr}
}

describe('a database that goes away', () => {
  scenario.each(Object.keys(WAYS))('under a consumer: %s', async way => {
    await using scene = await sceneWithBackup()
    const consumer = startConsumer(scene, {work: 'sleep 20', flags: ['-c', '3']})
    await waitFor(() => countInLedger(scene, 'start') === 3)
    const {ms, stderr} = await takeAway(scene, way, consumer)
    expect(handlersAlive(scene)).toEqual([])
    expect(scene.left()).toEqual([])
    expect(stderr).not.toContain('"to":"done"')
    figure(1, `${way}: noticed, handlers killed and exit 74 after ${Math.round(ms)} ms`)
    if (way.startsWith('replaced')) {
      expect((await allJobs(scene)).map(({payload, state}) => [payload, state])).toEqual([['of the backup', 'pending']])
    }
  }, 60_000)

  scenario('under a consumer whose handler ends at that moment: nothing is acknowledged', async () => {
    await using scene = await sceneWithBackup()
    const go = scene.path('go')
    const consumer = startConsumer(scene, {work: `while [ ! -e ${go} ]; do sleep 0.001; done`, flags: ['-c', '3']})
    await waitFor(() => countInLedger(scene, 'start') === 3)
    WAYS['deleted, its log stays']?.(scene)
    await Bun.write(go, '')
    const {status, stderr} = await consumer.finished()
    expect([status, stderr.includes('"to":"done"'), existsSync(scene.database)]).toEqual([74, false, false])
  }, 60_000)

  scenario.each(FEW_WAYS)('under an idle consumer: %s', async way => {
    await using scene = await sceneWithBackup()
    const consumer = startConsumer(scene, {flags: ['-Q', 'nothing']})
    await waitFor(() => consumer.stderr.includes('started'))
    const {ms} = await takeAway(scene, way, consumer)
    figure(1, `${way}, idle: exit 74 after ${Math.round(ms)} ms`)
  }, 60_000)

  scenario.each(FEW_WAYS)('under a reaper: %s', async way => {
    await using scene = await sceneWithBackup()
    const reaper = scene.startQctl(['reap', '--every', '1m'])
    await waitFor(() => scene.left().length === 1 && existsSync(`${scene.database}-wal`))
    // Its first pass has made the log; from then on it sleeps.
    const {ms} = await takeAway(scene, way, reaper)
    figure(1, `${way}, reaper: exit 74 after ${Math.round(ms)} ms`)
  }, 60_000)

  scenario.each(FEW_WAYS)('under a producer that reads slowly: %s', async way => {
    await using scene = await sceneWithBackup()
    const producer = scene.startQctl(['produce', '--lines', '--batch', '1'], {endStdin: false, stdin: 'first\n'})
    await waitFor(() => producer.stdout === '4\n')
    const taken = takeAway(scene, way, producer)
    producer.write('second\n')
    const {ms} = await taken
    expect(producer.stdout).toBe('4\n')
    figure(1, `${way}, producer at its next line: exit 74 after ${Math.round(ms)} ms`)
  }, 60_000)

  scenario.each(FEW_WAYS)('under a producer that waits for input: %s', async way => {
    await using scene = await sceneWithBackup()
    const producer = scene.startQctl(['produce', '--lines', '--batch', '1'], {endStdin: false, stdin: 'first\n'})
    await waitFor(() => producer.stdout === '4\n')
    const {ms} = await takeAway(scene, way, producer)
    figure(1, `${way}, producer without input: exit 74 after ${Math.round(ms)} ms`)
  }, 60_000)

  scenario.each(FEW_WAYS)('under a producer that reads all before it stores: %s', async way => {
    await using scene = await sceneWithBackup()
    const producer = scene.startQctl(['produce', '--lines'], {endStdin: false, stdin: 'first\n'})
    await waitFor(() => existsSync(`${scene.database}-wal`))
    const {ms} = await takeAway(scene, way, producer)
    expect(producer.stdout).toBe('')
    figure(1, `${way}, reading producer: exit 74 after ${Math.round(ms)} ms`)
  }, 60_000)

  scenario.each(FEW_WAYS)('under a producer that generates: %s', async way => {
    await using scene = await sceneWithBackup()
    const producer = scene.startQctl(['produce', '--generate', scene.path('files'), '--every', '20s'])
    await waitFor(() => producer.stdout === '4\n')
    const {ms} = await takeAway(scene, way, producer)
    figure(1, `${way}, generating producer: exit 74 after ${Math.round(ms)} ms`)
  }, 60_000)

  scenario.each([
    ['the index of its log deleted', null],
    ['the index of its log deleted', 'SIGTERM'],
    ['deleted with its log', null],
  ] as const)('what others store meanwhile is not touched by the end of a consumer: %s, %p', async (way, signal) => {
    await using scene = await sceneWithBackup()
    const consumer = startConsumer(scene, {flags: ['-Q', 'nothing']})
    await waitFor(() => consumer.stderr.includes('started'))
    consumer.kill('SIGSTOP')
    WAYS[way]?.(scene)
    const ids = await scene.produce(['a', 'b', 'c'])
    consumer.kill('SIGCONT')
    if (signal !== null) consumer.kill(signal)
    expect((await consumer.finished()).status).toBe(74)
    expect((await allJobs(scene)).filter(({id}) => ids.includes(id)).map(({payload}) => payload).toSorted()).toEqual(['a', 'b', 'c'])
  }, 60_000)
})
