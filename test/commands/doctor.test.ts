import {describe, expect, test} from 'bun:test'
import {chmodSync, existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {DatabaseSync} from 'node:sqlite'
import {judgeDisk} from '../../src/lib/doctor/disk.ts'
import {checkVersions} from '../../src/lib/doctor/host.ts'
import {judgeFileSystem, judgeSpace} from '../../src/lib/doctor/place.ts'
import {readersIn} from '../../src/lib/doctor/store.ts'
import {prove} from '../../src/lib/doctor/torture-proof.ts'
import {Sandbox} from '../support/binary.ts'
import {waitFor} from '../support/wait-for.ts'

interface Finding {
  readonly check: string
  readonly severity: string
  readonly message: string
  readonly fix: string | null
}

async function doctor(sandbox: Sandbox, ...args: readonly string[]): Promise<{readonly status: number; readonly findings: readonly Finding[]}> {
  const {status, stdout} = await sandbox.qctl(['doctor', '--json', ...args])
  return {status, findings: (JSON.parse(stdout) as {readonly findings: readonly Finding[]}).findings}
}

async function severityOf(sandbox: Sandbox, check: string): Promise<string | undefined> {
  return (await doctor(sandbox)).findings.find(finding => finding.check === check)?.severity
}

describe('doctor', () => {
  test('of a healthy database finds nothing but what waits', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['init'])
    for (const args of [[], ['--full']]) {
      const {status, findings} = await doctor(sandbox, ...args)
      expect(status).toBe(0)
      expect(findings.filter(({check, severity}) => severity !== 'ok' && !['file_system', 'disk_space', 'fsync'].includes(check))).toEqual([])
      expect(findings.find(({check}) => check === 'durability')?.message).toBe(
        'a job you were given an id for survives: process crash yes, power cut yes if the disk honours fsync',
      )
    }
    expect((await sandbox.qctl(['doctor'])).stdout).toMatch(/^ok {5}\S.*\n/)
    expect(existsSync(`${sandbox.database}.doctor`)).toBe(false)
    expect((await sandbox.qctl(['doctor', '--db', join(sandbox.home, 'nowhere')])).status).toBe(66)
  })

  test('names what is wrong, each with what helps', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['init', '--durability', 'normal'])
    await sandbox.qctl(['produce', '-Q', 'mail', 'a'])
    await sandbox.qctl(['produce', '-Q', 'bulk', 'b'])
    await sandbox.qctl(['queues', 'pause', 'bulk', '--reason', 'maintenance'])
    chmodSync(sandbox.database, 0o644)
    const {status, findings} = await doctor(sandbox)
    expect(status).toBe(0)
    const warnings = findings.filter(({severity}) => severity === 'warn').map(({message, fix}) => `${message} | ${fix}`)
    expect(warnings).toContainEqual(expect.stringMatching(/open to other users \(mode 0644\) \| chmod 600/))
    expect(warnings).toContainEqual(expect.stringMatching(/1 job in queue mail, .* no consumer \| qctl consume -Q mail/))
    expect(warnings).toContainEqual(expect.stringMatching(/queue bulk is paused \(maintenance\) .* \| qctl queues resume bulk/))
    expect(warnings).toContainEqual(expect.stringMatching(/power cut no/))
  })

  test.each([['/etc/passwd', 'is not a qctl database'], ['/tmp', 'is not a file']])('of what is no database of qctl says only that: %s', async (file, says) => {
    await using sandbox = new Sandbox()
    const {status, stdout} = await sandbox.qctl(['doctor', '--db', file])
    expect(status).toBe(1)
    expect(stdout.match(/^(ok|warn|fault) /gm)).toEqual(['fault '])
    expect(stdout).toContain(`${file} ${says}`)
    expect(stdout).not.toContain('chmod')
  })

  test('one that cannot be opened for its damage is one fault, and its permissions are looked at', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['init'])
    const bytes = readFileSync(sandbox.database)
    writeFileSync(sandbox.database, bytes.fill(0xff, 100, 200))
    chmodSync(sandbox.database, 0o644)
    const {stdout} = await sandbox.qctl(['doctor'])
    expect(stdout.match(/is damaged/g)).toHaveLength(1)
    expect(stdout).toContain(`chmod 600 ${sandbox.database}`)
  })

  test('dead consumers, and their jobs that nobody rescues', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['produce', '-Q', 'mail', 'a'])
    const consumer = sandbox.start(['consume', '-Q', 'mail', '--name', 'ann', '--', 'sleep', '60'])
    await waitFor(async () => (await severityOf(sandbox, 'leases')) !== undefined && consumer.stderr.includes('consumer started'))
    expect(await severityOf(sandbox, 'consumers')).toBe('ok')
    consumer.kill('SIGKILL')
    await consumer.finished()
    expect((await doctor(sandbox)).findings.find(({check}) => check === 'consumers')).toMatchObject({
      severity: 'warn', message: expect.stringContaining('1 consumer died without saying so: ann'),
    })
  })

  test('a payload that changed and a damaged page are faults: exit 1', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['produce', 'a', 'b'.repeat(30_000)])
    const db = new DatabaseSync(sandbox.database)
    db.exec("UPDATE job SET payload = x'00' WHERE id = 1")
    db.close()
    const changed = await doctor(sandbox)
    expect(changed.status).toBe(1)
    expect(changed.findings.filter(({severity}) => severity === 'fault')).toMatchObject([{check: 'payloads', message: 'the payload of job 1 is not what was stored'}])
    const bytes = readFileSync(sandbox.database)
    writeFileSync(sandbox.database, Buffer.concat([bytes.subarray(0, 12_288), Buffer.alloc(8192, 0x5a), bytes.subarray(20_480)]))
    const damaged = await doctor(sandbox, '--full')
    expect(damaged.status).toBe(1)
    expect(damaged.findings.some(({check, severity}) => severity === 'fault' && ['integrity', 'open'].includes(check))).toBe(true)
  })
})

describe('judgements', () => {
  test('of file systems', () => {
    const kinds = [0xef53, 0x6969, 0xff534d42 | 0, 0x01021994, 0x794c7630, 0x65735546, 0x12345678]
    expect(kinds.map(kind => judgeFileSystem(kind, '/q').severity)).toEqual(['ok', 'fault', 'fault', 'warn', 'warn', 'warn', 'ok'])
  })

  test('of space', () => {
    const disk = (free: number, files = 1000) => judgeSpace({bavail: free, blocks: 100_000_000, bsize: 4096, ffree: files, files: 10_000}, '/d').severity
    expect([disk(50_000_000), disk(4_000_000), disk(400_000), disk(1000), disk(50_000_000, 5)]).toEqual(['ok', 'warn', 'warn', 'fault', 'fault'])
  })

  test('of disks', () => {
    expect([[2, 2, 3], [0.001, 0.002, 0.5], [80, 90, 200]].map(times => judgeDisk(times, 'full').severity)).toEqual(['ok', 'warn', 'warn'])
  })

  test('of versions', () => {
    const judged = [['3.51.3', '1.4.5'], ['3.51.2', '1.4.5'], ['3.54.0', '1.3.9'], ['4.0', '2.0']] as const
    expect(judged.map(([sqlite, bun]) => checkVersions(sqlite, {bun, node: '26.0.0'}).severity)).toEqual(['ok', 'fault', 'fault', 'ok'])
    expect(checkVersions('3.52.0', {node: '22.1.0'}).severity).toBe('fault')
  })

  test('of who reads the log', () => {
    const locks = [
      '1: POSIX  ADVISORY  READ  41 fe:00:777 124 124', '2: POSIX  ADVISORY  READ  42 fe:00:777 128 128',
      '3: POSIX  ADVISORY  WRITE 43 fe:00:777 120 120', '4: POSIX  ADVISORY  READ  44 fe:00:778 125 125', '5: POSIX  ADVISORY  READ  41 fe:00:777 127 127',
    ]
    expect(readersIn(locks.join('\n'), 777)).toEqual([41])
  })
})

describe('torture', () => {
  test('kills, proves, and leaves nothing behind, also when it is interrupted', async () => {
    await using sandbox = new Sandbox()
    await sandbox.qctl(['init'])
    const directory = join(sandbox.database, '..')
    const before = readdirSync(directory)
    const proof = (await doctor(sandbox, '--torture', '3s')).findings.find(({check}) => check === 'torture')
    expect(proof).toMatchObject({severity: 'ok', message: expect.stringMatching(/^3 s of torture: [1-9]\d* jobs, \d+ runs, [1-9]\d* producers and consumers killed; nothing was lost/)})
    expect(readdirSync(directory)).toEqual(before)
    const interrupted = sandbox.start(['doctor', '--torture', '60s'])
    await waitFor(() => readdirSync(directory).some(name => name.includes('torture')))
    interrupted.kill('SIGINT')
    expect((await interrupted.finished()).status).toBe(130)
    expect(readdirSync(directory)).toEqual(before)
    expect(await sandbox.json(['queues', 'list'])).toMatchObject({items: []})
  })

  test('would see what is wrong', () => {
    const good = {promised: new Set([1, 2]), done: new Set([1, 2]), ledger: 'start 1 1\nstart 2 1\nend 1 1\nstart 2 2\ntick 2 2\nend 2 2\n', killed: 1, seconds: 1}
    expect(prove(good)).toMatchObject({severity: 'ok'})
    expect(prove({...good, done: new Set([1])})).toMatchObject({severity: 'fault', message: expect.stringContaining('1 lost: job 2')})
    expect(prove({...good, ledger: `${good.ledger}tick 2 1\n`})).toMatchObject({severity: 'fault', message: expect.stringContaining('1 run twice at the same time: job 2')})
    expect(prove({...good, ledger: 'start 1 1\nend 1 1\nstart 2 1\n'})).toMatchObject({severity: 'fault', message: expect.stringContaining('job 2')})
  })
})
