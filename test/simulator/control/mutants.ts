/** Ways to break the code that the simulator must notice: it proves nothing as long as it cannot fail. */

export interface Mutant {
  readonly name: string
  readonly file: string
  /** Each text is there exactly once. */
  readonly edits: readonly (readonly [from: string, to: string])[]
}

const SQLITE = 'src/lib/storage/sqlite'
const CONSUMER = 'src/lib/consumer'

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'an end is stored without looking at its fence',
    file: `${SQLITE}/settle.ts`,
    edits: [
      ['WHERE j.id = ?1 AND j.state = ${PROCESSING} AND j.fence = ?2`', 'WHERE j.id = ?1 AND j.state = ${PROCESSING} AND ?2 > 0`'],
      ['WHERE id = ?1 AND fence = ?2 AND state = ${PROCESSING}`', 'WHERE id = ?1 AND ?2 > 0 AND state = ${PROCESSING}`'],
    ],
  },
  {
    name: 'a success is stored without looking at its fence',
    file: `${SQLITE}/settle-done.ts`,
    edits: [
      ['j.state = ${PROCESSING} AND j.fence = ?2', 'j.state = ${PROCESSING} AND ?2 > 0'],
      ['AND state = ${PROCESSING} AND fence = ?2`', 'AND state = ${PROCESSING} AND ?2 > 0`'],
    ],
  },
  {name: 'a lease that is over is extended', file: `${SQLITE}/leases.ts`, edits: [[' AND until > ?4', ' AND ?4 > 0']]},
  {name: 'a lease is extended without looking at its fence', file: `${SQLITE}/leases.ts`, edits: [[' AND fence = ?2)', ' AND ?2 > 0)']]},
  {
    name: 'leases of the boot before live on',
    file: `${SQLITE}/machines.ts`,
    edits: [['WHEN c.machine_id = ${machine} THEN 1', 'WHEN c.machine_id = ${machine} THEN 0']],
  },
  {name: 'a lease looks younger than it is', file: `${SQLITE}/claim.ts`, edits: [['grantedBootMs: tx.bootNow}', 'grantedBootMs: tx.bootNow + 5000}']]},
  {
    name: 'what is given back is not stamped',
    file: `${SQLITE}/settle.ts`,
    edits: [["tx.now + transition.delayMs : tx.stampRunAt(queue.id, queue.lastRunAt)", 'tx.now + transition.delayMs : tx.now']],
  },
  {name: 'a lease is counted on the wall clock', file: `${SQLITE}/claim.ts`, edits: [['tx.bootNow + leaseMs', 'tx.now + leaseMs']]},
  {name: 'a claim does not look at the concurrency', file: `${SQLITE}/choose.ts`, edits: [['processing - processingDelta)', '1)']]},
  {name: 'a paused queue goes on', file: `${SQLITE}/choose.ts`, edits: [['if (paused) return 0', 'if (paused) return 1']]},
  {name: 'jobs are granted before their time', file: `${SQLITE}/choose.ts`, edits: [['(run_at <= ${now} OR', '(run_at <= ${now} + 300 OR']]},
  {
    name: 'jobs are granted in the order of their ids',
    file: `${SQLITE}/choose.ts`,
    edits: [['ORDER BY run_at, id LIMIT ?5`', 'ORDER BY id LIMIT ?5`']],
  },
  {
    name: 'a suspect is not alone',
    file: `${SQLITE}/choose.ts`,
    edits: [["!== null) return {kind: 'holds_suspect'}", "=== -1) return {kind: 'holds_suspect'}"]],
  },
  {name: 'who is leaving is granted jobs', file: `${SQLITE}/claim.ts`, edits: [['row[1] === 1 ? 0 : limit', 'limit']]},
  {
    name: 'a cancel is forgotten when the run fails',
    file: `${SQLITE}/settle.ts`,
    edits: [["if (to === 'pending' && (requested", "if (to === 'done' && (requested"]],
  },
  {name: 'an end sent again is refused', file: `${SQLITE}/settle.ts`, edits: [['if (row !== undefined) stored', 'if (row === null) stored']]},
  {name: 'the counters of a queue are not moved', file: `${SQLITE}/settle.ts`, edits: [['  tx.move(queue.id, PROCESSING, stateCode(to))\n', '']]},
  {name: 'a refund is forgotten', file: 'src/lib/queue/decide.ts', edits: [["refund: true, suspect: 'keep'", "suspect: 'keep'"]]},
  {
    name: 'the crash limit is off by one',
    file: 'src/lib/queue/decide.ts',
    edits: [['subject.crashes + 1 >= settings.crashLimit', 'subject.crashes >= settings.crashLimit']],
  },
  {name: 'the attempts are off by one', file: 'src/lib/queue/decide.ts', edits: [['subject.attempt >= (', 'subject.attempt > (']]},
  {
    name: 'the neighbours of a job that killed its consumer are blamed',
    file: `${SQLITE}/settle.ts`,
    edits: [['if (transition.only !== null) tx', 'if (transition.id === -1) tx']],
  },
  {
    name: 'who was taken a job from is never blamed again',
    file: `${SQLITE}/leases.ts`,
    edits: [[', bereft = 0\n', '\n']],
  },
  {
    name: 'a job that kills its consumer is not blamed',
    file: 'src/lib/queue/decide.ts',
    edits: [['outcome.alone ? crash(subject, settings, retry) : retry', 'retry']],
  },
  {
    name: 'a job is taken although something of it cannot be killed',
    file: 'src/lib/queue/queue.ts',
    edits: [['verdicts.filter(({held}) => !alive.has(claimKey(held)))', 'verdicts.filter(() => alive.size >= 0)']],
  },
  {
    name: 'a run begins after its lease',
    file: `${CONSUMER}/attempt.ts`,
    edits: [['if (!this.#keepers.heartbeat.holds(this.lease)) this.lose()', '']],
  },
  {
    name: 'a consumer does not hear of new jobs',
    file: `${CONSUMER}/shift.ts`,
    edits: [['    this.#wakeup.signal()\n    this.#requests.poke()', '    this.#requests.poke()']],
  },
  {
    name: 'a consumer that is told to stop waits for its handlers for ever',
    file: `${CONSUMER}/shift.ts`,
    edits: [
      ["this.#slots.stopAll({cause: 'shutdown', graceMs: LAST_GRACE_MS})", 'undefined'],
      ['this.#timers.later(graceMs + LAST_GRACE_MS, () => this.#slots.killAll())', ''],
    ],
  },
]
