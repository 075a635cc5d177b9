import {describe, expect, test} from 'bun:test'
import {confirm, type ConfirmOptions} from '../../src/lib/cli/confirm.ts'

/** Confirms the deletion of some jobs; gives the error's code, or how many questions were asked. */
async function deleting(count: number, options: Partial<ConfirmOptions>, answer = ''): Promise<string> {
  let asked = 0
  const ask = async (): Promise<string> => {
    asked += 1
    return answer
  }
  try {
    await confirm({verb: 'delete', count, noun: 'job'}, {yes: false, confirm: undefined, canAsk: true, ask, ...options})
    return `agreed after ${asked}`
  } catch (error) {
    return error instanceof Error && 'code' in error ? `${String(error.code)}: ${error.message}` : String(error)
  }
}

describe('confirm', () => {
  test('asks on a terminal', async () => {
    expect(await deleting(3, {}, 'y')).toBe('agreed after 1')
    expect(await deleting(3, {}, ' YES ')).toBe('agreed after 1')
    expect(await deleting(3, {}, '')).toBe('usage: nothing was changed')
    expect(await deleting(3, {}, 'n')).toBe('usage: nothing was changed')
  })

  test('wants the number typed above 50', async () => {
    expect(await deleting(50, {}, 'y')).toBe('agreed after 1')
    expect(await deleting(51, {}, 'y')).toBe('usage: nothing was changed')
    expect(await deleting(4198, {}, '4,198')).toBe('agreed after 1')
  })

  test('never asks without a terminal', async () => {
    expect(await deleting(4198, {canAsk: false})).toBe('confirmation_needed: this would delete 4,198 jobs')
    expect(await deleting(1, {canAsk: false})).toBe('confirmation_needed: this would delete 1 job')
  })

  test('--yes suffices at any size, --confirm asserts the number', async () => {
    expect(await deleting(4198, {yes: true, canAsk: false})).toBe('agreed after 0')
    expect(await deleting(3, {confirm: 3, canAsk: false})).toBe('agreed after 0')
    expect(await deleting(4, {confirm: 3, yes: true})).toBe('conflict: --confirm 3 was given, but this would delete 4 jobs')
    expect(await deleting(0, {confirm: 3})).toBe('conflict: --confirm 3 was given, but this would delete 0 jobs')
  })

  test('nothing to do needs no question', async () => {
    expect(await deleting(0, {canAsk: false})).toBe('agreed after 0')
  })
})
