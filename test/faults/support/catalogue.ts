/**
 * The faults that a queue has to stand, in the order in which they are published. A scenario names the one it is about; what has
 * no scenario here says why, and where it is held instead.
 */

/** Why a fault has no scenario of its own. */
interface Absent {
  readonly why: string
  /** The tests, part of every `npm test`, that hold it; none when nothing does. */
  readonly tests: readonly string[]
}

const OUTSIDE = 'a matter of one command and its input: exact cases, no rounds'

function heldBy(...tests: readonly string[]): Absent {
  return {why: OUTSIDE, tests}
}

const NO_SERVER: Absent = {why: 'this version has no REST server', tests: []}

/** Faults by section; `null` = some scenario must report on it. */
export const CATALOGUE = {
  'The measure itself': {
    'broken queues, which the auditor has to find': null,
  },
  'Crashes and freezes': {
    'a consumer is killed with -9, again and again': null,
    'only the handler is killed, or it dies by itself': null,
    'a consumer is stopped for longer than its lease': null,
    'a consumer is stopped with its guard and its handlers': null,
    'a process is killed at any of its system calls': null,
    'many reapers at once, some killed': null,
    'a consumer is told to stop at any moment': null,
    'a crash between the success of a handler and its acknowledgement': null,
    'a crash while the schema is made': null,
    'a crash on an empty queue': null,
    'a job that kills its consumers': null,
    'what a handler leaves behind': null,
    'another machine, or another boot of this one, opens the file': null,
  },
  'Power and disk': {
    'the power is cut while jobs are stored': null,
    'the power is cut during a checkpoint: torn and reordered sectors': null,
    'the power is cut while jobs are claimed and done': null,
    'the disk is full while jobs are stored': null,
    'the disk is full while jobs are done': null,
    'the disk is full at a start, a backup or a restore': null,
    'files may not grow (RLIMIT_FSIZE)': null,
    'writing or syncing fails (EIO, ENOSPC), once or for good': null,
    'reading fails (EIO)': null,
    'the place is read-only': null,
    'the log of a consumer cannot be written': null,
    'no more descriptors or processes': null,
  },
  'The file': {
    'the database is deleted, moved or replaced under a process': null,
    'a file that is no database of this version': null,
    'an older schema': {why: 'there is no older schema yet; a newer one is refused (above)', tests: ['test/storage/sqlite']},
    'twenty processes start at once where nothing is': null,
    'a reader that stays open under load': null,
    'backups while others write': null,
    'a backup or a restore is killed': null,
    'several names for one file, and odd names': null,
    'who may read and write it': null,
    'a network file system': {
      why: 'the file system is told by statfs, and the kernel of the machine may not have NFS: the judgement is tested on the numbers that statfs gives',
      tests: ['test/commands/doctor.test.ts'],
    },
  },
  'Time and contention': {
    'the wall clock jumps under load': null,
    'the host sleeps': null,
    'times and delays at the edge': heldBy('test/commands/produce-flags.test.ts', 'test/time.test.ts', 'test/units.test.ts'),
    'many consumers on one file': null,
    'many claimers for one job': null,
    'many producers at once': null,
    'success, reaper and operator meet at the end of a lease': null,
    'an operator\'s request meets the end of a run': null,
    'one key, many producers': null,
    'an endless flow of urgent jobs': {
      why: 'the urgent go first, however many they are: that is what a priority is here; what must not wait for ever needs consumers of its own',
      tests: ['test/storage/contract/claim.ts'],
    },
  },
  Handlers: {
    'a handler that ignores TERM, forks and leaves its session': null,
    'output without end': null,
    'a handler that takes all memory or starts ever more processes': null,
    'a handler that cannot be started': heldBy('test/commands/spawn-failures.test.ts'),
    'a huge payload for a handler that does not read it': null,
    'a handler that produces into its own queue': null,
  },
  'What comes in': {
    'payloads of no bytes, of the limit, above it': heldBy('test/commands/produce.test.ts', 'test/commands/produce-flags.test.ts'),
    'payloads of any bytes': heldBy('test/commands/produce.test.ts', 'test/producer/lines.test.ts', 'test/handlers/exec.test.ts'),
    'ids that are none, SQL in every text': heldBy('test/queue/id-list.test.ts', 'test/queue/filter.test.ts', 'test/storage/contract/filters.ts'),
    'a bad line in a bulk': heldBy('test/commands/produce.test.ts', 'test/producer/submit.test.ts'),
    'no terminal, odd terminals, readers that go away': null,
    'webhooks into private networks': heldBy('test/handlers/http.test.ts', 'test/handlers/public-address.test.ts', 'test/commands/consume-http.test.ts'),
    'a REST client without a token, from elsewhere, with too much': NO_SERVER,
    'a REST server that is killed or held up': NO_SERVER,
  },
  'Supervisors and databases': {
    'supervisord stops, starts and is killed under load': null,
    'a configuration that cannot work': null,
    'nobody reaps but the consumers': {why: 'so it is in every scenario that starts no reaper: each consumer rescues', tests: []},
    'a host full of processes starts at once on a file that a crash left': null,
    'PostgreSQL goes away': {why: 'this version has only the SQLite engine', tests: []},
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Absent | null>>>>

/** The name of a fault. */
export type Fault = {[Section in keyof typeof CATALOGUE]: keyof (typeof CATALOGUE)[Section]}[keyof typeof CATALOGUE]

/** One fault, with its section. */
export interface CataloguedFault {
  readonly section: string
  readonly name: string
  readonly absent: Absent | null
}

/** All of them, in order. */
export function faults(): readonly CataloguedFault[] {
  return Object.entries(CATALOGUE).flatMap(([section, rows]) => Object.entries(rows).map(([name, absent]) => ({section, name, absent})))
}
