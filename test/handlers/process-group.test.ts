import {describe, expect, test} from 'bun:test'
import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {OutputLog} from '../../src/lib/consumer/output-log.ts'
import type {StartChild} from '../../src/lib/handlers/child.ts'
import {startBunChild} from '../../src/lib/handlers/child-bun.ts'
import {startNodeChild} from '../../src/lib/handlers/child-node.ts'
import {ProcessGroup} from '../../src/lib/handlers/process-group.ts'
import {isFinished, readStat} from '../../src/lib/process.ts'
import {systemClock} from '../../src/lib/time.ts'
import {scratchDirectory} from '../support/scratch.ts'
import {waitFor} from '../support/wait-for.ts'
import {printedIn} from './support.ts'

const directory = scratchDirectory()

function start(starter: StartChild, script: string, {stdin = new Uint8Array(), output = new OutputLog(systemClock)} = {}): Promise<ProcessGroup> {
  const environment = {PATH: process.env['PATH'] ?? '', A: 'b c'}
  return ProcessGroup.start(starter, {command: ['/bin/sh', '-c', script], environment, stdin, output, isTalkative: false})
}

function pidIn(file: string): Promise<number> {
  return waitFor(() => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0) || null)
}

function isGone(pid: number): boolean {
  const stat = readStat(pid)
  return stat === null || isFinished(stat)
}

/** Both runtimes' ways to start a program have to behave alike. */
const STARTERS: readonly (readonly [string, StartChild])[] = [
  ['Bun.spawn', startBunChild],
  ['node:child_process', startNodeChild],
]

for (const [name, starter] of STARTERS) {
  describe(`a process group by ${name}`, () => {
    test('takes stdin and environment, gives both outputs and the status', async () => {
      const output = new OutputLog(systemClock)
      const group = await start(starter, 'cat; printf "%s" "$A" >&2; exit 7', {stdin: new TextEncoder().encode('in'), output})
      const end = await group.ended
      expect(end).toMatchObject({exit: {code: 7, signal: null}, stopped: false, leftovers: false})
      expect(printedIn(output)).toMatchObject({stdout: 'in', stderr: 'b c'})
    })

    test('does not mind a program that reads nothing of a large input', async () => {
      expect((await (await start(starter, 'exit 0', {stdin: new Uint8Array(8_000_000)})).ended).exit.code).toBe(0)
    })

    test('tells a signal', async () => {
      expect((await (await start(starter, 'kill -ABRT $$')).ended).exit).toMatchObject({code: null, signal: 'SIGABRT'})
    })

    test('rejects with the word of the system when it cannot start', async () => {
      const spec = {command: ['/no/such/program'], environment: {}, stdin: new Uint8Array(), output: new OutputLog(systemClock), isTalkative: false}
      const error: unknown = await ProcessGroup.start(starter, spec).catch((reason: unknown) => reason)
      expect(error).toMatchObject({code: 'ENOENT'})
    })

    test('does not wait for who holds the output, and leaves nobody', async () => {
      const file = join(directory, `${name.length}-holder`)
      const output = new OutputLog(systemClock)
      const end = await (await start(starter, `sleep 100 & printf $! > ${file}; printf out`, {output})).ended
      expect(end).toMatchObject({leftovers: true, exit: {code: 0}})
      expect(printedIn(output).stdout).toBe('out')
      const pid = await pidIn(file)
      await waitFor(() => isGone(pid))
    })

    test('ends by TERM, or by KILL after the grace', async () => {
      for (const [trap, signal] of [['', 'SIGTERM'], ["trap '' TERM;", 'SIGKILL']] as const) {
        const file = join(directory, `${name.length}-${signal}`)
        const group = await start(starter, `${trap} printf $$ > ${file}; while :; do sleep 0.02; done`)
        await pidIn(file)
        group.stop(100)
        expect(await group.ended).toMatchObject({stopped: true, exit: {signal}})
      }
    })

    test('tells what the largest process of a program took, also one that is small', async () => {
      const mib = 1024 * 1024
      const peakOf = async (script: string): Promise<number | null> => (await (await start(starter, script)).ended).exit.maxRssBytes
      const [small, large] = await Promise.all([peakOf('exec sleep 0.3'), peakOf('dd if=/dev/zero bs=25M count=1 2>/dev/null | sleep 1')])
      expect(small).toBeGreaterThan(0)
      expect(small).toBeLessThan(10 * mib)
      expect(large).toBeGreaterThan(25 * mib)
      expect(large).toBeLessThan(40 * mib)
    })

    test('keeps reading when there is more than is kept', async () => {
      const output = new OutputLog(systemClock)
      await (await start(starter, 'head -c 3000000 /dev/zero', {output})).ended
      expect([output.dropped.stdout, output.end.stdout]).toEqual([3_000_000 - 65_536, 3_000_000])
    })
  })
}
