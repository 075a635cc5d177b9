/**
 * The same statements: what the engine asks of node:sqlite is written down once, and done again by a bare loop.
 * Only within this process, and only while a recorder is on: the measured passes run on the untouched classes.
 */
import {DatabaseSync, type SQLInputValue, StatementSync} from 'node:sqlite'

const CALLS = ['run', 'get', 'all'] as const
type Call = (typeof CALLS)[number]

/** One call of node:sqlite. */
export interface Statement {
  readonly call: Call | 'exec'
  readonly sql: string
  /** Rows as arrays. */
  readonly arrays: boolean
  readonly values: readonly SQLInputValue[]
}

/** What an engine asked: to open its file, and to do its work. */
export interface Recording {
  readonly opening: readonly Statement[]
  readonly work: readonly Statement[]
}

type Method = (this: object, ...values: unknown[]) => unknown
type Methods = Record<string, Method>

/** Writes down the calls of all connections that are opened while it is on. */
export class Recorder {
  readonly #texts = new WeakMap<object, string>()
  readonly #arrays = new WeakSet<object>()
  readonly #undo: (() => void)[] = []
  #statements: Statement[] = []

  /** Starts writing down. */
  start(): void {
    const texts = this.#texts
    const arrays = this.#arrays
    this.#wrap(DatabaseSync.prototype, 'prepare', original =>
      function (this: object, ...values) {
        const statement = original.apply(this, values)
        if (typeof statement === 'object' && statement !== null) texts.set(statement, String(values[0]))
        return statement
      })
    this.#wrap(StatementSync.prototype, 'setReturnArrays', original =>
      function (this: object, ...values) {
        if (values[0] === true) arrays.add(this)
        return original.apply(this, values)
      })
    this.#wrap(DatabaseSync.prototype, 'exec', original => this.#keeping('exec', original))
    for (const call of CALLS) this.#wrap(StatementSync.prototype, call, original => this.#keeping(call, original))
  }

  /** What was written down since the last time. */
  take(): readonly Statement[] {
    const statements = this.#statements
    this.#statements = []
    return statements
  }

  /** Stops, and leaves the classes as they were. */
  stop(): void {
    for (const undo of this.#undo.splice(0)) undo()
  }

  /** A call that fails is not kept: nobody got anything of it. */
  #keeping(call: Statement['call'], original: Method): Method {
    const recorder = this
    return function (this: object, ...values) {
      const result = original.apply(this, values)
      const sql = call === 'exec' ? String(values[0]) : (recorder.#texts.get(this) ?? '')
      const bound = call === 'exec' ? [] : (values as SQLInputValue[])
      recorder.#statements.push({call, sql, arrays: recorder.#arrays.has(this), values: bound})
      return result
    }
  }

  #wrap(prototype: object, name: string, wrapper: (original: Method) => Method): void {
    const methods = prototype as Methods
    const original = methods[name]
    if (original === undefined) throw new TypeError(`node:sqlite has no ${name}`)
    methods[name] = wrapper(original)
    this.#undo.push(() => (methods[name] = original))
  }
}

type Bound = {readonly call: Call; readonly statement: StatementSync; readonly values: SQLInputValue[]} | {readonly call: 'exec'; readonly sql: string}

/** Does a recording again on a file that is as the recorded one was at its beginning. */
export class Replay {
  readonly #db: DatabaseSync
  readonly #work: readonly Bound[]

  constructor(path: string, {opening, work}: Recording) {
    this.#db = new DatabaseSync(path)
    const statements = new Map<string, StatementSync>()
    replay(this.#db, opening.map(statement => this.#bind(statement, statements)))
    this.#work = work.map(statement => this.#bind(statement, statements))
  }

  /** The measured loop. */
  run(): void {
    replay(this.#db, this.#work)
  }

  close(): void {
    this.#db.close()
  }

  #bind({call, sql, arrays, values}: Statement, statements: Map<string, StatementSync>): Bound {
    if (call === 'exec') return {call, sql}
    const key = `${arrays} ${sql}`
    let statement = statements.get(key)
    if (statement === undefined) {
      statement = this.#db.prepare(sql)
      if (arrays) statement.setReturnArrays(true)
      statements.set(key, statement)
    }
    return {call, statement, values: [...values]}
  }
}

function replay(db: DatabaseSync, work: readonly Bound[]): void {
  for (const bound of work) {
    switch (bound.call) {
      case 'run':
        bound.statement.run(...bound.values)
        break
      case 'get':
        bound.statement.get(...bound.values)
        break
      case 'all':
        bound.statement.all(...bound.values)
        break
      case 'exec':
        db.exec(bound.sql)
    }
  }
}
