import {expect, test} from 'bun:test'
import {chmodSync, chownSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {DatabaseSync} from 'node:sqlite'
import {waitFor} from '../support/wait-for.ts'
import {allJobs, countJobs, expectAllKept} from '../faults/support/evidence.ts'
import {countInLedger} from '../faults/support/consumers.ts'
import {isAlive} from '../faults/support/processes.ts'
import {describe, figure, under} from '../faults/support/report.ts'
import {requireRoot, requireTool} from '../faults/support/rights.ts'
import {random} from '../faults/support/seed.ts'
import {sized, spread} from '../faults/support/size.ts'
import {SupervisedScene} from './support.ts'

const broken = under('a configuration that cannot work')
const disturbed = under('supervisord stops, starts and is killed under load')

const FEW_MS = 'sleep 0.0$((QCTL_JOB_ID % 7))'

function payloads(count: number, round = 0): string[] {
  return Array.from({length: count}, (_, i) => `job ${round}.${i}`)
}

describe('supervisord', () => {
  test('runs the roles, and status joins what it knows with what the queue knows', async () => {
    await using scene = new SupervisedScene('read -r word; test "$word" != slow || sleep 30')
    await scene.supervise('--consumers', '2', '-c', '4', '--grace', '200ms', '--generate', scene.path('made'), '--every', '100ms')
    await scene.produce(['slow', ...payloads(5)])
    await waitFor(async () => ((await countJobs(scene))['done'] ?? 0) > 5)
    const items = await scene.status()
    expect(items.map(({name, state, restarts}) => [name, state, restarts])).toEqual([
      ['consumer:consumer_00', 'RUNNING', 0], ['consumer:consumer_01', 'RUNNING', 0], ['producer', 'RUNNING', 0], ['reaper', 'RUNNING', 0],
    ])
    expect(Object.keys(items[0] ?? {})).toEqual(
      'name group state pid uptime_ms restarts exit_status why consumer alive jobs concurrency processed failed log'.split(' '),
    )
    const consumers = items.slice(0, 2)
    for (const {name, consumer, alive, concurrency, uptime_ms: upMs} of consumers) {
      expect([`consumer:${consumer}`, alive, concurrency]).toEqual([name, 'yes', 4])
      expect(upMs).toBeGreaterThan(0)
    }
    const sum = (of: (item: (typeof items)[number]) => number | null): number => consumers.reduce((total, item) => total + (of(item) ?? 0), 0)
    await waitFor(async () => (await scene.status()).reduce((total, {processed}) => total + (processed ?? 0), 0) >= 5)
    expect(sum(({jobs}) => jobs)).toBeGreaterThanOrEqual(1)
    expect(existsSync(scene.path('made'))).toBe(true)
    expect(statSync(scene.path('sup', 'run', 'supervisor.sock')).mode & 0o777).toBe(0o700)

    // A stopped consumer gives its job back, and is started again with another pid; the others are left alone.
    const before = await scene.pids()
    await scene.supervisor('restart', 'consumer_00')
    const after = await scene.pids()
    expect(after['consumer:consumer_00']).not.toBe(before['consumer:consumer_00'])
    expect(after['consumer:consumer_01']).toBe(before['consumer:consumer_01'] ?? 0)
    expect((await scene.status())[0]).toMatchObject({restarts: 1})

    const rehearsed = [['stop', 'reaper'], ['restart', 'consumer'], ['scale', '3'], ['scale', '1'], ['start']]
    expect(await Promise.all(rehearsed.map(async args => (await scene.supervisor(...args, '--dry-run')).stdout))).toEqual([
      'would stop reaper\n', 'would restart consumer:consumer_00\nwould restart consumer:consumer_01\n',
      'would start consumer:consumer_02\n', 'would stop consumer:consumer_01\n', '',
    ])
    expect(await scene.pids()).toEqual(after)

    expect((await scene.supervisor('stop', 'producer')).stdout).toBe('producer: stopped\n')
    expect((await scene.supervisor('stop', 'producer')).stdout).toBe('producer: was not running\n')
    expect((await scene.supervisor('start', 'consumer')).stdout).toMatch(/^consumer:consumer_00: is running \(pid \d+\)\nconsumer:consumer_01: is running \(pid \d+\)\n$/)
    expect((await scene.supervisor('logs', 'consumer_01', '-l', '5000')).stdout).toContain('"msg":"consumer started"')
    await scene.supervisor('stop', '--shutdown')
    expect(scene.left()).toEqual([])
    // It would start all it has, not just the one that is named.
    expect(await scene.qctl(['supervisor', 'start', 'reaper'])).toMatchObject({status: 69, stderr: expect.stringContaining('start it with "qctl supervisor start"')})
    expect(scene.left()).toEqual([])
  }, 120_000)

  test('starts at boot by the line that init prints, with no more environment than cron gives, and tells a terminal its logs as text', async () => {
    await using scene = new SupervisedScene()
    mkdirSync(scene.path('my bin'))
    writeFileSync(scene.path('my bin', 'greet'), '#!/bin/sh\necho hello\n', {mode: 0o755})
    const PATH = `${process.env['PATH']}:${scene.path('my bin')}`
    const {stderr} = await scene.qctl(['supervisor', 'init', '--consumers', '1', '--', 'greet'], {env: {PATH}})
    const [, line = ''] = /^at boot, .*: @reboot (.*)$/m.exec(stderr) ?? []
    // cron(8): HOME, LOGNAME, SHELL and this PATH; and a percent sign after a backslash is one.
    const bare = {PATH: '/usr/bin:/bin', QCTL_DB: undefined, QCTL_SUPERVISOR_DIR: undefined, LOGNAME: 'me', SHELL: '/bin/sh'}
    expect(await scene.sh(line.replaceAll('\\%', '%'), {env: bare})).toMatchObject({status: 0})
    await scene.produce(['x'])
    await scene.drains()
    expect(await countJobs(scene)).toMatchObject({done: 1, failed: 0})
    const {stdout} = await scene.sh('script -qec "$Q supervisor logs consumer_00" /dev/null')
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\d [\d:]{8} info {2}consumer started consumer=consumer_00 /m)
    await scene.supervisor('stop', '--shutdown')
    expect(scene.left()).toEqual([])
  }, 60_000)

  disturbed('scales under load without touching the others, and remembers it', async () => {
    await using scene = new SupervisedScene(FEW_MS)
    await scene.supervise('--consumers', '2', '-c', '2')
    const total = sized(200, 2000)
    const ids = await scene.produce(payloads(total))
    const two = await scene.pids()
    await scene.supervisor('scale', '8')
    const eight = await scene.pids()
    expect(Object.keys(eight)).toEqual(Array.from({length: 8}, (_, i) => `consumer:consumer_0${i}`))
    expect(eight).toMatchObject(two)
    const more = await scene.produce(payloads(total, 1))
    const {stdout} = await scene.supervisor('scale', '3')
    expect(stdout.trim().split('\n')).toEqual([3, 4, 5, 6, 7].map(i => `consumer:consumer_0${i}: stopped`))
    const three = await scene.pids()
    expect(three).toEqual(Object.fromEntries(Object.entries(eight).slice(0, 3)))
    await scene.supervisor('stop', '--shutdown')
    await scene.supervisor('start')
    expect(Object.keys(await scene.pids())).toEqual(Object.keys(three))
    await scene.drains()
    await scene.supervisor('stop', '--shutdown')
    expect(scene.left()).toEqual([])
    const {findings} = await expectAllKept(scene, [{outcome: 'ok', payloads: [...payloads(total), ...payloads(total, 1)], ids: [...ids, ...more]}])
    figure(2, `scale 2→8→3 while ${2 * total} jobs ran, restart of supervisord: pids kept, lost 0, overlaps 0, runs beyond one ${findings.extra}`)
  }, 300_000)

  disturbed('replaces consumers that are killed', async () => {
    await using scene = new SupervisedScene(FEW_MS)
    await scene.supervise('--consumers', '3', '-c', '2')
    const ids = await scene.produce(payloads(300))
    const kills = sized(2, 40)
    for (let kill = 0; kill < kills; kill++) {
      const pids = await scene.pids()
      const victim = pids[`consumer:consumer_0${kill % 3}`] ?? 0
      process.kill(victim, 'SIGKILL')
      await waitFor(async () => {
        const now = await scene.pids()
        return Object.keys(now).length === 3 && !Object.values(now).includes(victim)
      }, {deadlineMs: 20_000, what: 'three consumers again'})
    }
    const restarts = (await scene.status()).reduce((total, process) => total + process.restarts, 0)
    expect(restarts).toBe(kills)
    await scene.drains()
    await scene.supervisor('stop', '--shutdown')
    expect(scene.left()).toEqual([])
    await expectAllKept(scene, [{outcome: 'ok', payloads: payloads(300), ids}])
    figure(kills, `${kills} consumers killed, each replaced; 300 jobs: lost 0, overlaps 0, left over 0`)
  }, 600_000)

  disturbed('killed itself: its processes go on, and the next one replaces them', async () => {
    await using scene = new SupervisedScene(FEW_MS)
    await scene.supervise('--consumers', '3', '-c', '2')
    const rounds = sized(1, 20)
    const submissions = []
    const times: number[] = []
    for (let round = 0; round < rounds; round++) {
      const before = scene.consumersAlive()
      expect(before).toHaveLength(3)
      await scene.killSupervisord()
      expect((await scene.qctl(['supervisor', 'status'])).status).toBe(69)
      const begun = countInLedger(scene, 'end')
      const texts = payloads(60, round)
      submissions.push({outcome: 'ok' as const, payloads: texts, ids: await scene.produce(texts)})
      await waitFor(() => countInLedger(scene, 'end') > begun + 10, {what: 'jobs are done without supervisord'})
      const start = performance.now()
      await scene.supervisor('start')
      await waitFor(() => before.every(pid => !isAlive(pid)), {what: 'the old ones are gone'})
      times.push(performance.now() - start)
      const listed = await waitFor(async () => {
        const {items} = await scene.json<{items: {name: string; alive: string}[]}>(['consumers', 'list'])
        return items.length === 3 ? items : null
      })
      expect(listed.map(({name, alive}) => [name, alive])).toEqual([0, 1, 2].map(i => [`consumer_0${i}`, 'yes']))
      expect(scene.left().filter(({command}) => / reap /.test(command))).toHaveLength(1)
    }
    await scene.drains()
    await scene.supervisor('stop', '--shutdown')
    expect(scene.left()).toEqual([])
    await expectAllKept(scene, submissions)
    figure(rounds, `supervisord killed ${rounds} times with consumers at work: lost 0, overlaps 0, orphans 0; replaced after ${spread(times)}`)
  }, 600_000)

  disturbed('killed, and not started again or with fewer: nothing stays behind', async () => {
    await using scene = new SupervisedScene('sleep 0.2')
    await scene.supervise('--consumers', '3')
    await scene.produce(payloads(30))
    await waitFor(() => countInLedger(scene, 'start') > 0)
    await scene.killSupervisord()
    const {stdout} = await scene.supervisor('stop')
    expect(stdout.trim().split('\n').toSorted()).toEqual([
      ...[0, 1, 2].map(i => expect.stringMatching(new RegExp(`^consumer:consumer_0${i}: ended \\(pid \\d+\\): an earlier supervisord had left it here$`))),
      expect.stringMatching(/^reaper: ended/),
    ])
    expect([scene.left(), (await countJobs(scene))['processing']]).toEqual([[], 0])
    expect((await scene.qctl(['supervisor', 'stop'])).status).toBe(69)

    await scene.supervisor('start')
    await scene.killSupervisord()
    await scene.supervisor('init', '--force', '--consumers', '1', '--', 'true')
    expect((await scene.supervisor('start')).stdout).toMatch(/consumer:consumer_02: ended/)
    await waitFor(() => scene.consumersAlive().length === 1)
    await scene.drains()
    expect((await allJobs(scene)).map(({state, attempts, crashes}) => [state, attempts, crashes])).toEqual(Array(30).fill(['done', 1, 0]))
  }, 120_000)

  disturbed('stopped, its log pipes not read: leases are extended, nothing is lost', async () => {
    await using scene = new SupervisedScene('test "$QCTL_ATTEMPT" = 1 -a "$QCTL_JOB_ID" -gt 2 || sleep 6')
    await scene.supervise('--consumers', '2', '-c', '8', '--lease', '2s')
    process.kill(scene.supervisordPid, 'SIGSTOP')
    const texts = payloads(900)
    const ids = await scene.produce(texts)
    await scene.drains()
    const begin = performance.now()
    const {status, stderr} = await scene.qctl(['supervisor', 'status'])
    const ms = performance.now() - begin
    const before = scene.connections
    const impatient = scene.startQctl(['supervisor', 'status'])
    await waitFor(() => scene.connections > before, {what: 'the command asks supervisord'})
    impatient.kill('SIGINT')
    expect((await impatient.finished()).status).toBe(130)
    expect([status, stderr]).toEqual([69, expect.stringContaining('is it stopped?')])
    process.kill(scene.supervisordPid, 'SIGCONT')
    const {findings} = await expectAllKept(scene, [{outcome: 'ok', payloads: texts, ids}])
    // Two of them took much longer than their lease, and still were run once.
    expect(findings.extra).toBe(0)
    await scene.supervisor('stop', '--shutdown')
    expect(scene.left()).toEqual([])
    expect((await scene.supervisor('logs', 'consumer', '-l', '2000')).stdout).toContain('log lines dropped')
    figure(1, `supervisord stopped: 900 jobs done, two of 6 s with a lease of 2 s run once; status says so after ${Math.round(ms)} ms`)
  }, 120_000)

  disturbed('start and stop again and again: nothing lost, no overlap, nothing left over', async () => {
    await using scene = new SupervisedScene('sleep 0.$((QCTL_JOB_ID % 5))')
    await scene.supervise('--consumers', '3', '-c', '3', '--grace', '100ms')
    const rounds = sized(3, 100)
    const submissions = []
    const stops: number[] = []
    for (let round = 0; round < rounds; round++) {
      const texts = payloads(20, round)
      submissions.push({outcome: 'ok' as const, payloads: texts, ids: await scene.produce(texts)})
      // Stopped at any moment of its work.
      await Bun.sleep(random() * 200)
      const begin = performance.now()
      // Every third time all of it.
      await scene.supervisor('stop', ...(round % 3 === 2 ? ['--shutdown'] : []))
      stops.push(performance.now() - begin)
      expect([round, scene.left().filter(({command}) => !command.includes('supervisord'))]).toEqual([round, []])
      expect([round, (await countJobs(scene))['processing']]).toEqual([round, 0])
      await scene.supervisor('start')
    }
    await scene.drains(300_000)
    await scene.supervisor('stop', '--shutdown')
    expect(scene.left()).toEqual([])
    await expectAllKept(scene, submissions)
    figure(rounds, `stop and start under load: ${rounds} times, lost 0, overlaps 0, left over 0; stopped after ${spread(stops)}`)
  }, 1_200_000)

  test('a consumer that runs and has nothing to do, as its handler has paused its queue, is told with the reason', async () => {
    await using scene = new SupervisedScene('exit 127')
    await scene.supervise('--consumers', '1')
    await scene.produce(payloads(4))
    const [consumer] = await waitFor(async () => {
      const found = await scene.status()
      return found.some(({why}) => why !== null) ? found : null
    }, {what: 'a word about the queue'})
    expect(consumer).toMatchObject({state: 'RUNNING', failed: 0, why: expect.stringMatching(/^queue \S+ is paused: .*127/)})
    expect((await scene.supervisor('status')).stdout).toContain('is paused: ')
  })

  broken('a consumer that cannot start ends FATAL after a few tries, with one line why, and no other is touched', async () => {
    await using scene = new SupervisedScene()
    const config = scene.path('config.toml')
    writeFileSync(config, 'lease = "10s"\n')
    await scene.supervise('--consumers', '2', '--config', config)
    const before = await scene.pids()
    writeFileSync(config, 'lease = "soon"\n')
    const why = `${config}: lease: not a duration: "soon" (write it like 500ms, 5s, 10m, 1h30m, 7d or 1w)`
    expect(await scene.qctl(['supervisor', 'restart'])).toEqual({
      status: 1,
      stdout: `consumer:consumer_00: does not start (FATAL): ${why}\n`,
      stderr: '2 others were left as they are\n',
    })
    const [first, second] = await scene.status()
    expect(first).toMatchObject({state: 'FATAL', pid: null, exit_status: 78, why, restarts: 4})
    expect(second).toMatchObject({state: 'RUNNING', pid: before['consumer:consumer_01'], restarts: 0})
    expect((await scene.supervisor('status')).stdout).toContain(why)
    writeFileSync(config, 'lease = "20s"\n')
    expect((await scene.supervisor('start')).stdout).toMatch(/^consumer:consumer_00: started \(pid \d+\)\nconsumer:consumer_01: is running/)
  }, 120_000)

  disturbed('a database that nobody can write to for a while ends no process', async () => {
    await using scene = new SupervisedScene()
    await scene.supervise('--consumers', '2', '--lease', '1s', '--lock-timeout', '500ms', '--generate', scene.path('made'), '--every', '100ms')
    const before = (await scene.status()).map(({name, pid}) => [name, pid])
    const database = new DatabaseSync(scene.database, {timeout: 10_000})
    database.exec('BEGIN IMMEDIATE')
    // For so long: three leases, and six times what they wait for the lock.
    await Bun.sleep(3000)
    database.exec('ROLLBACK')
    database.close()
    const [id = 0] = await scene.produce(['x'])
    await waitFor(async () => (await scene.qctl(['jobs', 'wait', String(id), '--for', '10s'])).status === 0)
    expect((await scene.status()).map(({name, pid}) => [name, pid])).toEqual(before)
  }, 60_000)

  test('rotates logs, and tail goes on in the next file', async () => {
    await using scene = new SupervisedScene()
    await scene.supervisor('init', '--consumers', '1', '--', 'true')
    const path = scene.path('sup', 'conf.d', 'consumer.conf')
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll('maxbytes=10MB', 'maxbytes=20KB'))
    await scene.supervisor('start')
    const tail = scene.startQctl(['supervisor', 'tail', 'consumer_00', '-o', 'ndjson'])
    await waitFor(() => tail.stdout.includes('consumer started'))
    await scene.produce(payloads(200))
    await scene.drains()
    const told = (): number => tail.stdout.split('\n').filter(line => line.includes('job done')).length
    await waitFor(() => told() >= 200, {what: 'all are told'})
    tail.kill('SIGINT')
    expect(existsSync(scene.path('sup', 'logs', 'consumer_00.out.log.1'))).toBe(true)
    expect(statSync(scene.path('sup', 'logs', 'consumer_00.out.log')).size).toBeLessThan(30_000)
    expect([(await tail.finished()).status, told()]).toEqual([0, 200])
  }, 120_000)

  test('whatever a handler is given reaches it through the configuration', async () => {
    await using scene = new SupervisedScene()
    const words = ['', ' ', "it's", '"x"', '%(here)s', '%', '%%d', 'a ;b', ' ;', '#c', ' # d', '$HOME', '`id`', '\\', '\\n', '*', 'é→', '-x', '--', scene.path('sup', 'in side')]
    const script = 'for word; do printf "<%s>" "$word"; done > "$QCTL_RESULT_FILE"'
    await scene.supervisor('init', '--consumers', '1', '--', 'sh', '-c', script, 'sh', ...words)
    await scene.supervisor('start')
    await scene.produce(['x'])
    await scene.drains()
    const {result} = await scene.json<{result: string}>(['jobs', 'show', '1'])
    const expected = words.with(-1, `${scene.path('sup', 'conf.d')}/../in side`)
    expect(result).toBe(expected.map(word => `<${word}>`).join(''))
    expect((await scene.qctl(['supervisor', 'init', '--force', '--', 'a\nb'])).status).toBe(2)
  }, 60_000)
})

test('what lies ready in supervisor/ works wherever it is put', async () => {
  await using scene = new SupervisedScene()
  cpSync(join(import.meta.dirname, '../../supervisor'), scene.path('else where'), {recursive: true, filter: path => !path.endsWith('.db')})
  mkdirSync(scene.path('bin'))
  copyFileSync(scene.binary, scene.path('bin', 'qctl'))
  const env = {QCTL_SUPERVISOR_DIR: scene.path('else where'), QCTL_DB: scene.path('else where', 'qctl.db'), PATH: `${scene.path('bin')}:${process.env['PATH']}`}
  const line = "qctl init --db 'else where/qctl.db' && supervisord -c 'else where/supervisord.conf'"
  expect((await scene.sh(line, {env})).status).toBe(0)
  await waitFor(async () => (await scene.json<{items: unknown[]}>(['jobs', 'list', '-s', 'done'], {env})).items.length > 0)
  expect((await scene.qctl(['supervisor', 'scale', '1'], {env, cwd: '/'})).status).toBe(0)
  expect((await scene.qctl(['supervisor', 'stop', '--shutdown'], {env})).status).toBe(0)
  expect(scene.left()).toEqual([])
}, 60_000)

describe('as another user', () => {
  const NOBODY = 65_534

  /** A scene that nobody may enter, with a place of his own. */
  function openScene(): {readonly scene: SupervisedScene; readonly asNobody: (...args: readonly string[]) => Promise<{status: number; stderr: string}>} {
    requireRoot('it gives up root')
    requireTool('setpriv')
    const scene = new SupervisedScene()
    chmodSync(scene.directory, 0o755)
    copyFileSync(scene.binary, scene.path('qctl'))
    mkdirSync(scene.path('home'))
    chownSync(scene.path('home'), NOBODY, NOBODY)
    scene.database = scene.path('home', 'q.db')
    const wrap = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
    const env = {QCTL_SUPERVISOR_DIR: scene.path('home', 'sup')}
    return {scene, asNobody: (...args) => scene.start([scene.path('qctl'), ...args], {wrap, env}).finished()}
  }

  function userOf(pid: number): number {
    return statSync(`/proc/${pid}`).uid
  }

  test('who has no rights has all this for himself', async () => {
    const {scene, asNobody} = openScene()
    await using _ = scene
    for (const args of [['init', '--consumers', '2'], ['start'], ['scale', '3'], ['restart', 'consumer_00'], ['status'], ['stop', '--shutdown']]) {
      const {status, stderr} = await asNobody('supervisor', ...args)
      expect([args, status, stderr]).toEqual([args, 0, stderr])
      for (const {pid} of scene.left()) expect(userOf(pid)).toBe(NOBODY)
    }
    expect(scene.left()).toEqual([])
    // Neither may he make others run anything, nor speak to their supervisord.
    expect((await asNobody('supervisor', 'init', '--force', '--user', 'root')).status).toBe(77)
    await scene.supervise('--consumers', '1')
    const {status, stderr} = await asNobody('supervisor', 'status', '--supervisor-dir', scene.configuration)
    expect([status, stderr]).toEqual([77, expect.stringContaining('no permission to speak to supervisord')])
  }, 60_000)

  test('root lets everything run as a user', async () => {
    const {scene, asNobody} = openScene()
    await using _ = scene
    expect((await scene.supervisor('init', '--user', 'nobody', '--binary', scene.path('qctl'), '--consumers', '2', '--', 'true')).stderr).toContain('runuser -u nobody -- ')
    expect((await asNobody('init')).status).toBe(0)
    await scene.supervisor('start')
    expect(Object.keys(await scene.pids())).toHaveLength(2)
    for (const {pid} of scene.left()) expect(userOf(pid)).toBe(NOBODY)
    await scene.supervisor('stop', '--shutdown')
    expect(scene.left()).toEqual([])
  }, 60_000)
})
