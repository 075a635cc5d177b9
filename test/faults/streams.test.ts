import {beforeAll, expect} from 'bun:test'
import {waitFor} from '../support/wait-for.ts'
import {startConsumer} from './support/consumers.ts'
import {countJobs, expectAllKept, HANDLER, ledgerEnvironment} from './support/evidence.ts'
import {requireTool} from './support/rights.ts'
import {describe, under} from './support/report.ts'
import {Scene} from './support/scene.ts'

const unheard = under('the log of a consumer cannot be written')
const odd = under('no terminal, odd terminals, readers that go away')

beforeAll(() => requireTool('script', 'bsdutils'))

const JOBS = 40

describe('a consumer whose log cannot be written goes on working', () => {
  unheard.each([
    ['to a full disk', '2>/dev/full'],
    ['closed', '2>&-'],
    ['to a pipe whose reader is gone', '2> >(exec true)'],
    ['to a pipe that nobody reads', '2> >(exec sleep 8 >/dev/null 2>&1)'],
    ['and nothing else open', '0<&- 1>&- 2>&-'],
  ])('%s', async (_, redirection) => {
    await using scene = new Scene()
    const payloads = Array.from({length: JOBS}, (_, i) => `job ${i}`)
    const ids = await scene.produce(payloads)
    const {stdout} = await scene.sh(`"$Q" consume --drain -v -c 2 -- ${HANDLER} ${redirection}; echo "rc $?"`, {env: ledgerEnvironment(scene)})
    expect(stdout).toBe('rc 0\n')
    await expectAllKept(scene, [{outcome: 'ok', payloads, ids}])
    expect((await countJobs(scene))['done']).toBe(JOBS)
  }, 60_000)

  unheard('to a pipe that is never emptied, with more to say than fits', async () => {
    await using scene = new Scene()
    await scene.produce(Array.from({length: 600}, (_, i) => `job ${i}`))
    // A reader that takes nothing: a process that is stopped. It ends with the scene.
    const line = `mkfifo log; sleep 50 < log >/dev/null 2>&1 & exec "$Q" consume --drain -v -c 2 --shell true 2> log`
    const {status} = await scene.start(['bash', '-c', line], {env: {Q: scene.binary}}).finished()
    expect(status).toBe(0)
    expect((await countJobs(scene))['done']).toBe(600)
  }, 60_000)
})

describe('a reader that goes away', () => {
  odd.each(['jobs list -l 1000', 'jobs list -l 1000 --json', 'jobs list -l 1000 -o ndjson', 'jobs show 1-1000', 'help'])('is no error: %s | head -1', async command => {
    await using scene = new Scene()
    await scene.produce(Array.from({length: 1000}, (_, i) => `job ${i}`))
    const {stdout, stderr} = await scene.sh(`"$Q" ${command} | head -1; echo "rc \${PIPESTATUS[0]}"`)
    expect(stdout.trim().split('\n').at(-1)).toBe('rc 0')
    expect(stderr).toBe('')
  }, 30_000)

  odd('of produce is no error either, and what was printed is stored', async () => {
    await using scene = new Scene()
    const lines = Array.from({length: 2000}, (_, i) => `line ${i}`).join('\\n')
    const {stdout, stderr} = await scene.sh(`printf '${lines}\\n' | "$Q" produce --lines | head -1; echo "rc \${PIPESTATUS[1]}"`)
    expect([stdout, stderr]).toEqual(['1\nrc 0\n', expect.stringMatching(/^made the database .*\n$/)])
    expect((await countJobs(scene))['pending']).toBe(2000)
  }, 30_000)

  /** Makes `&4` a pipe whose reader has gone before anything is written. */
  const UNREAD = 'mkfifo pipe; exec 3<>pipe 4>pipe 3<&-;'

  odd.each([
    ['lines', '| head -1', ''],
    ['ndjson', '| head -1', ''],
    ['lines', '>&4', ''],
    ['ndjson', '>&4', '-o ndjson'],
  ])('of produce --%s in batches %s %s does not keep the rest of the input from being stored', async (form, reader, flags) => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    const payloads = Array.from({length: 6000}, (_, i) => i)
    const stdin = payloads.map(i => (form === 'lines' ? `line ${i}\n` : `{"payload":"line ${i}"}\n`)).join('')
    const {stdout, stderr} = await scene.sh(`${UNREAD} "$Q" produce --${form} --batch 50 ${flags} ${reader}; echo "rc \${PIPESTATUS[0]}"`, {stdin})
    expect([stdout.trim().split('\n').at(-1), stderr]).toEqual(['rc 0', ''])
    expect((await countJobs(scene))['pending']).toBe(payloads.length)
  }, 30_000)

  odd('ends what generates for ever in good order, and not what was told how much', async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    const {stdout, stderr} = await scene.sh(`${UNREAD} for count in '' '--count 5'; do "$Q" produce --generate files --every 1ms $count >&4; echo "rc $?"; ls files | wc -l; done`)
    const [first, made, second, inAll] = stdout.trim().split('\n')
    expect([first, second, Number(inAll) - Number(made), stderr]).toEqual(['rc 0', 'rc 0', 5, ''])
    expect((await countJobs(scene))['pending']).toBe(Number(inAll))
  }, 30_000)

  odd('does not hide how a command ended', async () => {
    await using scene = new Scene()
    await scene.produce(['a', 'b', 'c'])
    const statuses = async (...commands: readonly string[]): Promise<readonly number[]> => {
      const line = commands.map(command => `"$Q" ${command} >&4 2>&-; echo $?`).join(';')
      return (await scene.sh(`${UNREAD} ${line}`)).stdout.trim().split('\n').map(Number)
    }
    expect(await statuses('jobs cancel 1 99', 'jobs delete 1 99 --json', 'jobs fail 2', 'jobs wait 2', 'jobs resubmit --where state=failed --yes', 'queues purge default --yes'))
      .toEqual([66, 66, 0, 1, 0, 0])
    expect(await countJobs(scene)).toMatchObject({pending: 0, failed: 0, cancelled: 0})
  }, 30_000)

  odd.each(['stats --watch', 'jobs list --watch', 'jobs logs 1 -f', 'supervisor tail'])('ends what shows without an end: %s', async command => {
    await using scene = new Scene()
    await scene.produce(['a'])
    await scene.qctl(['supervisor', 'init'])
    const {stdout} = await scene.sh(`${UNREAD} timeout 20 "$Q" ${command} >&4; echo "rc $?"`)
    expect(stdout).toBe('rc 0\n')
  }, 30_000)
})

describe('a stdout that is full', () => {
  odd('is told once, and does not keep what is read in batches from being stored', async () => {
    await using scene = new Scene()
    await scene.qctl(['init'])
    const {status, stderr} = await scene.sh('seq 1 2000 | "$Q" produce --lines --batch 50 >/dev/full')
    expect([status, stderr]).toEqual([74, 'qctl: cannot write to stdout: ENOSPC\n'])
    expect((await countJobs(scene))['pending']).toBe(2000)
  }, 30_000)
})

describe('a terminal', () => {
  /** Runs a line on a terminal of its own and gives what appeared there. */
  async function onTerminal(scene: Scene, line: string, env: Record<string, string> = {}): Promise<string> {
    const {stdout} = await scene.start(['script', '-qec', line, '/dev/null'], {env: {TERM: 'xterm-256color', Q: scene.binary, ...env}}).finished()
    return stdout
  }

  odd('gets colour, and none with NO_COLOR, --color never or TERM=dumb', async () => {
    await using scene = new Scene()
    await scene.produce(['x'])
    const SGR = /\u001b\[[\d;]*m/
    expect(await onTerminal(scene, '"$Q" jobs list')).toMatch(SGR)
    for (const command of ['jobs list', 'jobs show 1', 'queues list', 'jobs show 99', 'nonsense']) {
      expect(await onTerminal(scene, `"$Q" ${command}`, {NO_COLOR: '1'})).not.toMatch(SGR)
      expect(await onTerminal(scene, `"$Q" ${command} --color never`)).not.toMatch(SGR)
      expect(await onTerminal(scene, `"$Q" ${command}`, {TERM: 'dumb'})).not.toMatch(SGR)
    }
  }, 30_000)

  odd('is asked before much is deleted; without one nobody is, and nothing is deleted', async () => {
    await using scene = new Scene()
    await scene.produce(Array.from({length: 60}, (_, i) => `job ${i}`))
    const open = scene.startQctl(['jobs', 'delete', '--where', 'state=pending'], {endStdin: false})
    const {status, stdout, stderr} = await open.finished()
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^qctl: .*--yes.*\n$/)
    expect((await countJobs(scene))['pending']).toBe(60)
    expect(await onTerminal(scene, 'echo no | "$Q" jobs delete --where state=pending')).toContain('--yes')
    expect((await countJobs(scene))['pending']).toBe(60)
  }, 30_000)

  odd('that is hung up ends a consumer in good order', async () => {
    await using scene = new Scene()
    await scene.produce(['x'])
    const consumer = startConsumer(scene, {work: 'sleep 20', flags: ['--grace', '100ms']})
    await waitFor(() => scene.left().length > 1 && consumer.stderr.includes('started'))
    consumer.kill('SIGHUP')
    expect((await consumer.finished()).status).toBe(0)
    expect(await countJobs(scene)).toMatchObject({pending: 1, processing: 0})
    expect(scene.left()).toEqual([])
  }, 30_000)
})
