import {expect, test} from 'bun:test'
import {consumerList} from '../../src/lib/cli/consumer-list.ts'
import {Console, memorySession} from './console.tsx'
import {busyScene} from './scene.ts'

test('what a consumer has run is called as in lists: failures are part of it', async () => {
  const session = await memorySession()
  await busyScene(session, 'plain')
  const titles = consumerList(0).columns.filter(({key}) => key === 'processed' || key === 'failed').map(({title}) => title)
  const [processed, failed] = await session.storage.consumers().then(([consumer]) => [consumer?.processed, consumer?.failed])
  expect([processed, failed]).toEqual([9, 6])
  for (const screen of ['consumers', 'overview']) {
    const console = await Console.open({screen, size: {columns: 160, rows: 40}}, session)
    expect(console.text()).toContain(titles.join('  '))
    expect(console.text()).toMatch(/web1:mail-00 .* 9 +6 /)
    expect(console.text()).not.toContain('DONE  FAILED')
  }
})
