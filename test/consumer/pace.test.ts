import {expect, test} from 'bun:test'
import {Pace} from '../../src/lib/consumer/pace.ts'
import {waitFor} from '../support/wait-for.ts'

test('a look that was put off is made up for, and nobody is woken who wanted none', async () => {
  let woken = 0
  const pace = new Pace(() => (woken += 1))
  expect(pace.delays()).toBe(false)
  pace.foundTooFew(0)
  expect(pace.delays()).toBe(true)
  await waitFor(() => woken === 1)
  expect(pace.delays()).toBe(false)
  pace.foundTooFew(0)
  const other = Promise.withResolvers<void>()
  const later = new Pace(other.resolve)
  later.foundTooFew(50)
  later.delays()
  await other.promise
  expect(woken).toBe(1)
})
