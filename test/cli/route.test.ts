import {describe, expect, test} from 'bun:test'
import {route, type Route} from '../../src/lib/cli/route.ts'
import {failureOf} from '../../src/lib/cli/failure.ts'

const ids = ['produce', 'consume', 'help', 'version', 'jobs:list', 'jobs:show', 'jobs:delete', 'jobs:resubmit', 'queues:list', 'queues:delete']

function to(line: string): Route {
  return route(line === '' ? [] : line.split(' '), {ids})
}

function complaint(line: string): {readonly message: string; readonly hint: string | null} {
  try {
    to(line)
  } catch (error) {
    const {message, hint} = failureOf(error)
    return {message, hint}
  }
  throw new Error(`${line} was routed`)
}

describe('route', () => {
  test('finds the longest command', () => {
    expect(to('produce a b')).toEqual({id: 'produce', argv: ['a', 'b']})
    expect(to('jobs list')).toEqual({id: 'jobs:list', argv: []})
    expect(to('jobs:list -l 5')).toEqual({id: 'jobs:list', argv: ['-l', '5']})
    expect(to('jobs show 12')).toEqual({id: 'jobs:show', argv: ['12']})
    expect(to('produce produce')).toEqual({id: 'produce', argv: ['produce']})
  })

  test('takes global flags from before the command', () => {
    expect(to('--db x jobs list -l 5')).toEqual({id: 'jobs:list', argv: ['--db', 'x', '-l', '5']})
    expect(to('-q --db=x -oid produce a')).toEqual({id: 'produce', argv: ['a', '-q', '--db=x', '-oid']})
  })

  test('shows help when asked, but not to a handler', () => {
    expect(to('')).toEqual({id: 'help', argv: []})
    expect(to('-h')).toEqual({id: 'help', argv: []})
    expect(to('jobs')).toEqual({id: 'help', argv: ['jobs']})
    expect(to('jobs --help')).toEqual({id: 'help', argv: ['jobs']})
    expect(to('jobs list -l 5 -h')).toEqual({id: 'help', argv: ['jobs', 'list']})
    expect(to('consume -Q a -- ls -h')).toEqual({id: 'consume', argv: ['-Q', 'a', '--', 'ls', '-h']})
  })

  test('shows the version', () => {
    expect(to('--version')).toEqual({id: 'version', argv: []})
    expect(to('-V --json')).toEqual({id: 'version', argv: ['--json']})
  })

  test('suggests the command that was meant', () => {
    expect(complaint('prodcue x')).toEqual({message: 'unknown command "prodcue"', hint: 'did you mean "qctl produce"?'})
    expect(complaint('jobs lst 5')).toEqual({message: 'unknown command "jobs lst"', hint: 'did you mean "qctl jobs list"?'})
    expect(complaint('jobs:lst')).toEqual({message: 'unknown command "jobs lst"', hint: 'did you mean "qctl jobs list"?'})
    expect(complaint('job list')).toEqual({message: 'unknown command "job"', hint: 'did you mean "qctl jobs list"?'})
    for (const [typed, meant] of [
      ['retry 5', 'jobs resubmit'], ['rm 5', 'jobs delete'], ['jobs rm 5', 'jobs delete'], ['jobs retry 5', 'jobs resubmit'], ['queues rm mail', 'queues delete'],
      ['add x', 'produce'], ['push x', 'produce'], ['enqueue x', 'produce'], ['worker', 'consume'], ['work', 'consume'], ['status', 'queues list" or "qctl stats'],
    ] as const) {
      expect(complaint(typed).hint).toBe(`did you mean "qctl ${meant}"?`)
    }
    expect(complaint('frobnicate')).toEqual({message: 'unknown command "frobnicate"', hint: 'qctl help lists the commands'})
  })
})
