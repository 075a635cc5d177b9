import {expect, test} from 'bun:test'
import {closeSync, readdirSync, readlinkSync, writeSync} from 'node:fs'
import {openPipe} from '../../src/lib/handlers/descriptors.ts'
import {PipeReader} from '../../src/lib/handlers/pipe-reader.ts'
import {waitFor} from '../support/wait-for.ts'

/** A pipe and what its reader was given. */
function listen() {
  const pipe = openPipe('readEnd')
  if (pipe === null) throw new Error('this host has no pipes')
  const hash = new Bun.CryptoHasher('sha256')
  const seen = {bytes: 0, text: ''}
  const reader = new PipeReader(pipe.readEnd, bytes => {
    hash.update(bytes)
    seen.bytes += bytes.length
    if (seen.bytes < 100) seen.text += new TextDecoder().decode(bytes)
  })
  return {reader, seen, hash, writeEnd: pipe.writeEnd}
}

/** What a descriptor of this process stands for; `null` when it is closed. */
function fileOf(descriptor: string): string | null {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return null
  }
}

/** Runs a script whose output is read; gives its sum and that of the same script by itself. */
async function sums(script: string): Promise<readonly [string, string]> {
  const {reader, hash, writeEnd} = listen()
  const child = Bun.spawn(['bash', '-c', script], {stdio: ['ignore', writeEnd, 'inherit']})
  closeSync(writeEnd)
  reader.follow()
  await child.exited
  reader.finish()
  await reader.done
  return [hash.digest('hex'), (await Bun.$`bash -c ${script} | sha256sum`.text()).slice(0, 64)]
}

test('what is there is read on demand, to the end', async () => {
  const {reader, seen, writeEnd} = listen()
  writeSync(writeEnd, 'all')
  closeSync(writeEnd)
  expect(seen.text).toBe('')
  reader.finish()
  expect([seen.text, reader.isDone]).toEqual(['all', true])
  await reader.done
})

test('what comes later is read as it comes, until that is given up', async () => {
  const {reader, seen, writeEnd} = listen()
  const name = fileOf(String(writeEnd))
  writeSync(writeEnd, 'one ')
  reader.finish()
  expect([seen.text, reader.isDone]).toEqual(['one ', false])
  writeSync(writeEnd, 'two')
  await waitFor(() => seen.text === 'one two')
  reader.abandon()
  await reader.done
  closeSync(writeEnd)
  await waitFor(() => !readdirSync('/proc/self/fd').some(file => fileOf(file) === name), {what: 'both ends are closed'})
})

test('of a flood no byte is lost or moved, however often it ebbs', async () => {
  const [read, written] = await sums('for i in 1 2 3; do seq $i 2000000; sleep 0.15; seq 300; sleep 0.02; done; seq 2000000')
  expect(read).toBe(written)
})

test('a flood that never ends can be given up', async () => {
  const {reader, seen, writeEnd} = listen()
  const child = Bun.spawn(['yes'], {stdio: ['ignore', writeEnd, 'ignore']})
  closeSync(writeEnd)
  reader.follow()
  await waitFor(() => seen.bytes > 50_000_000)
  reader.abandon()
  await reader.done
  expect(await child.exited).not.toBe(0)
})
