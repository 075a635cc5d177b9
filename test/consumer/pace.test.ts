import {expect, test} from 'bun:test'
import {Pace} from '../../src/lib/consumer/pace.ts'
import {waitFor} from '../support/wait-for.ts'

/** Two looks in a row that found too little. */
function foundTooFewAgain(pace: Pace, tookMs: number): void {
  pace.foundTooFew(tookMs)
  pace.foundTooFew(tookMs)
}

test('one look that found too little puts nothing off', () => {
  const pace = new Pace(() => {})
  pace.foundTooFew(0)
  expect(pace.delays()).toBe(false)
})

test('after a pause one look that finds too little is enough for another', async () => {
  const over = Promise.withResolvers<void>()
  const pace = new Pace(over.resolve)
  foundTooFewAgain(pace, 0)
  pace.delays()
  await over.promise
  pace.foundTooFew(0)
  expect(pace.delays()).toBe(true)
  pace.close()
})

test('a look that was put off is made up for, and nobody is woken who wanted none', async () => {
  let woken = 0
  const pace = new Pace(() => (woken += 1))
  expect(pace.delays()).toBe(false)
  foundTooFewAgain(pace, 0)
  expect(pace.delays()).toBe(true)
  await waitFor(() => woken === 1)
  expect(pace.delays()).toBe(false)
  foundTooFewAgain(pace, 0)
  const other = Promise.withResolvers<void>()
  const later = new Pace(other.resolve)
  foundTooFewAgain(later, 50)
  later.delays()
  await other.promise
  expect(woken).toBe(1)
})
