import {describe, expect, test} from 'bun:test'
import {inheritedEnvironment, runEnvironment} from '../../src/lib/handlers/environment.ts'
import {Controls, leaseOf} from './support.ts'

describe('what handlers inherit', () => {
  test('is neither secret nor about the runtime nor about an outer run', () => {
    const inherited = inheritedEnvironment({
      PATH: '/bin',
      HOME: '/root',
      QCTL_LEASE: '5s',
      NOTHING: undefined,
      BUN_OPTIONS: '--preload x',
      BUN_BE_BUN: '1',
      NODE_OPTIONS: '-r x',
      QCTL_TOKEN: 's',
      QCTL_TOKEN_FILE: '/s',
      DATABASE_URL: 'postgres://u:p@h/d',
      PGPASSWORD: 'p',
      PGHOST: 'h',
      SUPERVISOR_SERVER_URL: 'unix:///x',
      QCTL_DB: 'postgres://u:p@h/d',
      QCTL_JOB_ID: '1',
      QCTL_KEY: 'outer',
      QCTL_FILE: '/outer',
      QCTL_DEADLINE: 'x',
      QCTL_SOCKET: '/outer.sock',
      QCTL_CONTENT_TYPE: 'json',
      QCTL_RESULT_FILE: '/outer.result',
    })
    expect(inherited).toEqual({PATH: '/bin', HOME: '/root', QCTL_LEASE: '5s'})
  })
})

describe('what a run is told', () => {
  test('at least', () => {
    const environment = runEnvironment({PATH: '/bin'}, leaseOf('x'), new Controls().context, {resultFile: '/r', socket: null})
    expect(environment).toEqual({
      PATH: '/bin',
      QCTL_JOB_ID: '42',
      QCTL_QUEUE: 'mail',
      QCTL_ATTEMPT: '2',
      QCTL_MAX_ATTEMPTS: '8',
      QCTL_FENCE: '7',
      QCTL_CONSUMER: 'c1',
      QCTL_RESULT_FILE: '/r',
    })
  })

  test('at most', () => {
    const lease = leaseOf('/tmp/ä b', {file: true, key: 'k', contentType: 'text/plain'})
    const {context} = new Controls({dbPath: '/q.db', deadline: 1_700_000_000_000})
    expect(runEnvironment({}, lease, context, {resultFile: '/r', socket: '/s'})).toMatchObject({
      QCTL_FILE: '/tmp/ä b',
      QCTL_KEY: 'k',
      QCTL_CONTENT_TYPE: 'text/plain',
      QCTL_DB: '/q.db',
      QCTL_SOCKET: '/s',
      QCTL_DEADLINE: '2023-11-14T22:13:20.000Z',
    })
  })
})
