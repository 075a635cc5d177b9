import {afterAll, beforeAll, describe, expect, test} from 'bun:test'
import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {Sandbox} from '../support/binary.ts'
import {scratchDirectory} from '../support/scratch.ts'
import {waitFor} from '../support/wait-for.ts'

const directory = scratchDirectory()
const SECOND = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z'

/** Jobs of one database that have been run: 1 twice, with a failure first; 2 printed nothing; 3 too much; 4 waits. */
const ran = new Sandbox()
beforeAll(async () => {
  await ran.qctl(['init'])
  await ran.qctl(['queues', 'create', 'default', '--backoff', 'exp:1ms..1ms*2'])
  await ran.qctl(['produce', 'twice', 'silent', 'flood'])
  const script = `case $(cat) in
    twice) echo run $QCTL_FENCE; sleep 0.05; echo trouble >&2; sleep 0.2; printf 'h\\303\\251 \\033[31mred\\n'; exit $((2 - QCTL_ATTEMPT));;
    flood) yes 123456789 | head -c 1000000; echo end;;
  esac`
  await ran.qctl(['consume', '--max-jobs', '4', '--shell', script])
  await ran.qctl(['produce', 'later'])
})
afterAll(() => ran.stop())

describe('jobs logs prints what a job printed', () => {
  test('byte for byte in a pipe, each stream to its own', async () => {
    const {status, stdout, stderr} = await ran.qctl(['jobs', 'logs', '1'])
    expect({status, stdout, stderr}).toEqual({status: 0, stdout: 'run 2\nhé \x1b[31mred\n', stderr: 'trouble\n'})
  })

  test('of the run that was asked for', async () => {
    expect((await ran.qctl(['jobs', 'logs', '1', '--attempt', '1'])).stdout).toStartWith('run 1\n')
    const {status, stderr} = await ran.qctl(['jobs', 'logs', '1', '--attempt', '3'])
    expect(status).toBe(66)
    expect(stderr).toBe('qctl: job 1 has no run 3 (its runs are 1, 2)\n')
  })

  test('of one stream, which is then the data', async () => {
    expect(await ran.qctl(['jobs', 'logs', '1', '--stderr'])).toMatchObject({stdout: 'trouble\n', stderr: ''})
    expect(await ran.qctl(['jobs', 'logs', '1', '--stdout'])).toMatchObject({stderr: ''})
    expect((await ran.qctl(['jobs', 'logs', '1', '--stdout', '--stderr'])).status).toBe(2)
  })

  test('with the time of each line', async () => {
    const {stdout, stderr} = await ran.qctl(['jobs', 'logs', '1', '-t'])
    expect(stdout).toMatch(new RegExp(`^${SECOND} run 2\n${SECOND} hé \x1b\\[31mred\n$`))
    expect(stderr).toMatch(new RegExp(`^${SECOND} trouble\n$`))
  })

  test('in the order it was read, with times, for programs', async () => {
    const record = (stream: string, text: string) => ({at: expect.stringMatching(new RegExp(SECOND)), stream, text, dropped_bytes: null})
    const records = [record('stdout', 'run 2\n'), record('stderr', 'trouble\n'), record('stdout', 'hé \x1b[31mred\n')]
    expect(await ran.json(['jobs', 'logs', '1'])).toEqual({job: 1, run: 2, state: 'done', records})
    const {stdout} = await ran.qctl(['jobs', 'logs', '1', '-o', 'ndjson'])
    expect(stdout.trim().split('\n').map((line): unknown => JSON.parse(line))).toEqual(records)
    expect(await ran.json(['jobs', 'logs', '1', '--stderr'])).toMatchObject({records: [{text: 'trouble\n'}]})
  })

  test('harmless on a terminal, unless that is asked for', async () => {
    const database = join(ran.home, '.local/state/qctl/qctl.db')
    const onTerminal = async (...flags: string[]): Promise<string> => {
      const words = [process.env['QCTL_TEST_BINARY'] ?? join(import.meta.dirname, '../../dist/qctl'), 'jobs', 'logs', '1', '--db', database, ...flags]
      const child = Bun.spawn(['script', '-qec', words.join(' '), '/dev/null'], {stdin: 'ignore', stdout: 'pipe'})
      return (await new Response(child.stdout).text()).replaceAll('\r', '')
    }
    expect(await onTerminal()).toBe('run 2\ntrouble\nhé \\x1b[31mred\n')
    expect(await onTerminal('--raw')).toBe('run 2\ntrouble\nhé \x1b[31mred\n')
  })

  test('and how much is missing', async () => {
    const {stdout, stderr} = await ran.qctl(['jobs', 'logs', '3'])
    expect(stdout).toBe(('123456789\n'.repeat(100_000) + 'end\n').slice(-65_536))
    expect(stderr).toBe('… 934,468 bytes of stdout not kept …\n')
    expect(await ran.json(['jobs', 'logs', '3'])).toHaveProperty('records.0', expect.objectContaining({stream: 'stdout', text: null, dropped_bytes: 934_468}))
  })

  test('in plain words when there is nothing', async () => {
    expect(await ran.qctl(['jobs', 'logs', '2'])).toEqual({status: 0, stdout: '', stderr: 'run 1 of job 2 printed nothing\n'})
    expect(await ran.qctl(['jobs', 'logs', '@last'])).toEqual({status: 0, stdout: '', stderr: 'job 4 has not been run yet; it is pending\n'})
    expect(await ran.json(['jobs', 'logs', '4'])).toEqual({job: 4, run: null, state: 'pending', records: []})
  })

  test('of one job that exists', async () => {
    expect((await ran.qctl(['jobs', 'logs', '99'])).status).toBe(66)
    expect(await ran.qctl(['jobs', 'logs', '1', '2'])).toMatchObject({status: 2, stderr: expect.stringContaining('unexpected argument: 2')})
    expect((await ran.qctl(['jobs', 'logs', '--help'])).stdout).not.toContain('ID...')
    expect((await ran.qctl(['jobs', 'logs', '1', '-f', '--json'])).stderr).toContain('-o ndjson')
  })
})

describe('jobs logs of a run that goes on', () => {
  /** A job that prints, and prints on when `release` is called. */
  async function running(sandbox: Sandbox) {
    const gate = join(directory, `${Math.random()}`)
    await sandbox.qctl(['produce', 'x'])
    const script = `echo first; echo second >&2; while [ ! -e ${gate} ]; do sleep 0.02; done; echo third; exit 65`
    const consumer = sandbox.start(['consume', '--max-jobs', '1', '--shell', script])
    return {consumer, release: () => writeFileSync(gate, '')}
  }

  test('shows what there is', async () => {
    await using sandbox = new Sandbox()
    const {consumer, release} = await running(sandbox)
    const shown = await waitFor(async () => {
      const logs = await sandbox.qctl(['jobs', 'logs', '1'])
      return logs.stdout === '' ? null : logs
    })
    expect(shown).toMatchObject({status: 0, stdout: 'first\n', stderr: 'second\n'})
    release()
    await consumer.finished()
    expect((await sandbox.qctl(['jobs', 'logs', '1'])).stdout).toBe('first\nthird\n')
    expect(existsSync(`${sandbox.database}.run`)).toBe(false)
  })

  test('--follow goes on to its end and says how that was', async () => {
    await using sandbox = new Sandbox()
    const {release} = await running(sandbox)
    const logs = sandbox.start(['jobs', 'logs', '1', '-f'])
    await waitFor(() => logs.stdout === 'first\n')
    release()
    const {status, stdout, stderr} = await logs.finished()
    expect({status, stdout}).toEqual({status: 0, stdout: 'first\nthird\n'})
    expect(stderr.replace(/^waiting.*\n/, '')).toBe('second\nrun 1 of job 1 ended: rejected (exit status 65: second); the job is failed\n')
  })

  test('--follow waits for a job that has yet to start, and ends by Ctrl-C', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'x', '-Q', 'slow'])
    const [patient, impatient] = [sandbox.start(['jobs', 'logs', '1', '-f']), sandbox.start(['jobs', 'logs', '1', '-f'])]
    await waitFor(() => [patient, impatient].every(({stderr}) => stderr === 'waiting for job 1 to be run\n'))
    impatient.kill('SIGINT')
    expect((await impatient.finished()).status).toBe(130)
    await sandbox.qctl(['consume', '-Q', 'slow', '--max-jobs', '1', '--', 'echo', 'here'])
    expect(await patient.finished()).toMatchObject({status: 0, stdout: 'here\n'})
  })

  test('--follow says so when the job is deleted meanwhile', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'x'])
    const logs = sandbox.start(['jobs', 'logs', '1', '-f'])
    await waitFor(() => logs.stderr === 'waiting for job 1 to be run\n')
    expect((await sandbox.qctl(['jobs', 'delete', '1', '--yes'])).status).toBe(0)
    expect(await logs.finished()).toMatchObject({status: 66, stderr: expect.stringMatching(/\nqctl: job 1 was deleted meanwhile\n$/)})
  })

  test('is not lost when its consumer is killed', async () => {
    await using sandbox = new Sandbox()
    const {consumer} = await running(sandbox)
    const spool = `${sandbox.database}.run/1.1`
    await waitFor(() => existsSync(spool) && readFileSync(spool, 'latin1').includes('second'))
    consumer.kill('SIGKILL')
    await consumer.finished()
    await waitFor(async () => JSON.stringify(await sandbox.json(['reap', '--once'])).includes('consumer_died'))
    expect(await sandbox.qctl(['jobs', 'logs', '1'])).toMatchObject({status: 0, stdout: 'first\n', stderr: 'second\n'})
    expect(existsSync(`${sandbox.database}.run`)).toBe(false)
  })

  test('leaves no file of a run that is over, wherever its consumer was killed', async () => {
    await using sandbox = new Sandbox()
    const {consumer, release} = await running(sandbox)
    const spools = `${sandbox.database}.run`
    await waitFor(() => existsSync(join(spools, '1.1')))
    for (const name of ['1.99', '77.1', '77.1.next']) writeFileSync(join(spools, name), 'left')
    await sandbox.qctl(['reap', '--once'])
    expect(readdirSync(spools)).toEqual(['1.1'])
    release()
    await consumer.finished()
    expect(existsSync(spools)).toBe(false)
  })
})
