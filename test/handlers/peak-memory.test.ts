import {expect, test} from 'bun:test'
import {Kin, PeakMemory} from '../../src/lib/handlers/peak-memory.ts'

const MIB = 1024 * 1024

for (const areListed of [true, false]) {
  test(`the children of a program count, ${areListed ? 'where' : 'also where not'} the kernel lists them`, async () => {
    // dd holds its block until somebody takes it from the pipe.
    const script = 'dd if=/dev/zero bs=25M count=1 2>/dev/null | sleep 1.2'
    const child = Bun.spawn(['/bin/sh', '-c', script], {detached: true, stdio: ['ignore', 'ignore', 'ignore']})
    const memory = new PeakMemory(child.pid, new Kin(areListed))
    await child.exited
    const peak = memory.stop()
    expect(peak).toBeGreaterThan(25 * MIB)
    expect(peak).toBeLessThan(40 * MIB)
  })
}

test('a program that was over at once was not seen', async () => {
  const memory = new PeakMemory(2 ** 22 + 1)
  expect(memory.stop()).toBeNull()
})
