import {describe, expect, test} from 'bun:test'
import {chmodSync, chownSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {Spools} from '../../src/lib/consumer/spools.ts'
import type {Claim} from '../../src/lib/job.ts'
import {bytesOfStream, decodeOutput, OUTPUT_LIMIT_BYTES, type OutputRecord, positionAfter} from '../../src/lib/output-record.ts'
import {SPOOL_LIMIT_BYTES, SpoolDirectory, SpoolReader} from '../../src/lib/output-spool.ts'
import {systemClock} from '../../src/lib/time.ts'
import {requireRoot} from '../faults/support/rights.ts'
import {scratchDirectory} from '../support/scratch.ts'
import {waitFor} from '../support/wait-for.ts'

const LEASE: Claim = {id: 7, fence: 2}
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content)
const text = (records: readonly OutputRecord[]): string => new TextDecoder().decode(bytesOfStream(records, 'stdout'))

class Desk {
  readonly directory = new SpoolDirectory(join(scratchDirectory(), 'q.db'))
  readonly troubles: string[] = []
  readonly spools = this.open()

  /** The spools of one consumer. */
  open(): Spools {
    return new Spools({directory: this.directory, clock: systemClock, onTrouble: doing => this.troubles.push(doing)})
  }

  get files(): string[] {
    return existsSync(this.directory.path) ? readdirSync(this.directory.path) : []
  }

  async written(claim = LEASE): Promise<number> {
    return (await waitFor(() => statSync(this.directory.pathOf(claim), {throwIfNoEntry: false}))).size
  }
}

describe('the output of a run that goes on', () => {
  test('is in a file that only its owner can read, until its end is stored', async () => {
    const {directory, spools, ...desk} = new Desk()
    const log = spools.open(LEASE)
    log.write('stdout', bytes('now\n'))
    await waitFor(() => directory.read(LEASE))
    expect(text(decodeOutput(directory.read(LEASE)?.records ?? bytes('')).records)).toBe('now\n')
    expect([statSync(directory.path).mode & 0o777, statSync(directory.pathOf(LEASE)).mode & 0o777]).toEqual([0o700, 0o600])
    log.write('stdout', bytes('end\n'))
    spools.ended(LEASE)
    expect(text(decodeOutput(directory.read(LEASE)?.records ?? bytes('')).records)).toBe('now\nend\n')
    spools.settled(LEASE)
    expect(existsSync(directory.path)).toBe(false)
    expect(desk.troubles).toEqual([])
  })

  test('makes no file when it ends at once', async () => {
    const desk = new Desk()
    desk.spools.open(LEASE).write('stdout', bytes('short\n'))
    expect(desk.spools.ended(LEASE)).not.toBeNull()
    // Another one is written after it would have been.
    const other = {id: 8, fence: 1}
    desk.spools.open(other).write('stdout', bytes('long\n'))
    await desk.written(other)
    expect(desk.files).toEqual(['8.1'])
    desk.spools.close()
  })

  test('stays when the run is lost, for who takes the job', async () => {
    const desk = new Desk()
    desk.spools.open(LEASE).write('stderr', bytes('last words'))
    await desk.written()
    desk.spools.lost(LEASE)
    desk.spools.close()
    expect(desk.directory.claims()).toEqual([LEASE])
    expect(desk.directory.read(LEASE)).toMatchObject({stderrDroppedBytes: 0})
  })

  test('can be followed while its file is replaced again and again, and is never long', async () => {
    const desk = new Desk()
    const log = desk.spools.open(LEASE)
    const reader = new SpoolReader(desk.directory, LEASE)
    expect(reader.next()).toEqual([])
    const seen: OutputRecord[] = []
    let printed = ''
    for (let round = 0; round < 20; round += 1) {
      const line = `${round} ${'x'.repeat(60_000)}\n`
      printed += line
      log.write('stdout', bytes(line))
      await waitFor(() => {
        seen.push(...reader.next())
        return reader.position.stdout === printed.length
      })
      expect(await desk.written()).toBeLessThanOrEqual(SPOOL_LIMIT_BYTES)
    }
    expect(seen.every(({kind}) => kind === 'bytes')).toBe(true)
    expect(text(seen)).toBe(printed)
    expect(desk.files).toEqual(['7.2'])
    const {records, stdoutDroppedBytes = 0} = desk.directory.read(LEASE) ?? {}
    expect(stdoutDroppedBytes).toBe(printed.length - OUTPUT_LIMIT_BYTES)
    expect(text(decodeOutput(records ?? bytes('')).records)).toBe(printed.slice(-OUTPUT_LIMIT_BYTES))
    reader.close()
    desk.spools.close()
  })

  test('has gaps where more came than is kept between two looks', async () => {
    const desk = new Desk()
    const log = desk.spools.open(LEASE)
    log.write('stdout', bytes('first\n'))
    const reader = new SpoolReader(desk.directory, LEASE)
    const seen: OutputRecord[] = []
    await waitFor(() => seen.push(...reader.next()) > 0)
    for (let i = 0; i < 100; i += 1) log.write('stdout', new Uint8Array(10_000).fill(65))
    log.write('stderr', bytes('end\n'))
    await waitFor(() => {
      seen.push(...reader.next())
      return reader.position.stderr > 0
    })
    expect(seen.map(({kind, stream}) => `${kind} ${stream}`)).toEqual(['bytes stdout', 'gap stdout', 'bytes stdout', 'bytes stderr'])
    expect(positionAfter(seen, {stdout: 0, stderr: 0})).toEqual({stdout: 6 + 1_000_000, stderr: 4})
    reader.close()
    desk.spools.close()
  })

  test('needs no file: a place that cannot be written to is told once', async () => {
    const desk = new Desk()
    writeFileSync(desk.directory.path, 'somebody else')
    for (const claim of [LEASE, {id: 8, fence: 1}]) {
      const log = desk.spools.open(claim)
      log.write('stdout', bytes('kept\n'))
      await waitFor(() => desk.troubles.length > 0)
      expect(desk.spools.ended(claim)).not.toBeNull()
    }
    expect(desk.troubles).toHaveLength(1)
  })

  test('does not go where another user is at home, also as root', async () => {
    requireRoot('a directory is given to another user')
    const desk = new Desk()
    mkdirSync(desk.directory.path, {mode: 0o700})
    chownSync(desk.directory.path, 12_345, 12_345)
    const log = desk.spools.open(LEASE)
    log.write('stdout', bytes('secret'))
    await waitFor(() => desk.troubles.length > 0)
    log.write('stdout', bytes(' too'))
    expect(text(decodeOutput(desk.spools.ended(LEASE)?.records ?? bytes('')).records)).toBe('secret too')
    expect(desk.files).toEqual([])
    expect(desk.troubles).toHaveLength(1)
    desk.spools.close()
  })

  test('does not go where others could put links', async () => {
    const desk = new Desk()
    mkdirSync(desk.directory.path)
    chmodSync(desk.directory.path, 0o777)
    const log = desk.spools.open(LEASE)
    log.write('stdout', bytes('secret'))
    await waitFor(() => desk.troubles.length > 0)
    expect(desk.files).toEqual([])
    chmodSync(desk.directory.path, 0o700)
    log.write('stdout', bytes('s'))
    expect(await desk.written()).toBeGreaterThan(0)
    desk.spools.close()
  })
})
