/**
 * Reads the filter language:
 *
 *     filter     = or                                blank text: every job
 *     or         = and {"or" and}
 *     and        = term {["and"] term}
 *     term       = "not" term | "(" or ")" | comparison
 *     comparison = field ("=" | "!=" | "<" | "<=" | ">" | ">=" | "~") value | field "in(" value {"," value} ")"
 *     field      = id queue state … | "payload" step {step}
 *     step       = "." key | "." '"' key '"' | "[" index "]"
 *     value      = bare word | '"' text with \" and \\ '"'
 *
 * By hand: the language is the queue's own, and a parser library would be larger than this file.
 */
import {QctlError} from '../errors.ts'
import {and, EVERY_JOB, or} from './filter.ts'
import type {Filter} from './filter.ts'
import {compareField, comparePayload, requireField} from './filter-fields.ts'
import type {Condition, Operator, WrittenValue} from './filter-fields.ts'

/** Bounds that keep a filter within what every engine compiles (SQLite: 1000 levels of expression). */
const MAX_TEXT_LENGTH = 65_536
const MAX_DEPTH = 32
const MAX_COMPARISONS = 200
const MAX_VALUES = 1000
const MAX_STEPS = 32

/**
 * Reads a filter.
 * @param text such as `queue=mail state=failed age>1d`; blank matches every job
 * @param now UTC ms, what `age`, `-1h` and `state=scheduled` count from
 * @throws QctlError usage, naming the place as "character N"
 */
export function parseFilter(text: string, now: number): Filter {
  if (text.length > MAX_TEXT_LENGTH) throw new QctlError('usage', `filter longer than ${MAX_TEXT_LENGTH} characters`)
  if (!text.isWellFormed() || text.includes('\0')) throw new QctlError('usage', 'filter is not plain text')
  return new Parser(text, now).parse()
}

class Parser {
  readonly #text: string
  readonly #now: number
  #at = 0
  #depth = 0
  #comparisons = 0

  constructor(text: string, now: number) {
    this.#text = text
    this.#now = now
  }

  parse(): Filter {
    this.#skipBlanks()
    if (this.#atEnd()) return EVERY_JOB
    const filter = this.#or()
    if (!this.#atEnd()) throw this.#refuse(`unexpected ${JSON.stringify(this.#text[this.#at])}`)
    return filter
  }

  #or(): Filter {
    const first = this.#and()
    const others: Filter[] = []
    while (this.#takeWord('or')) others.push(this.#and())
    return or(first, ...others)
  }

  #and(): Filter {
    const terms = [this.#term()]
    while (!this.#atEnd() && !this.#sees(/\)|or(?![\w.])/iy)) {
      this.#takeWord('and')
      terms.push(this.#term())
    }
    return and(...terms)
  }

  #term(): Filter {
    if (this.#takeWord('not')) return this.#nested(() => ({kind: 'not', part: this.#term()}))
    if (!this.#take(/\(/y)) return this.#comparison()
    return this.#nested(() => {
      this.#skipBlanks()
      const filter = this.#or()
      if (!this.#take(/\)/y)) throw this.#refuse('a parenthesis is not closed')
      this.#skipBlanks()
      return filter
    })
  }

  #nested(read: () => Filter): Filter {
    this.#depth += 1
    if (this.#depth > MAX_DEPTH) throw this.#refuse(`nested deeper than ${MAX_DEPTH}`)
    const filter = read()
    this.#depth -= 1
    return filter
  }

  #comparison(): Filter {
    const begin = this.#at
    this.#comparisons += 1
    if (this.#comparisons > MAX_COMPARISONS) throw this.#refuse(`more than ${MAX_COMPARISONS} comparisons`)
    const field = this.#take(/[A-Za-z_]\w*/y)
    if (field === null) throw this.#refuse(this.#atEnd() ? 'a comparison is missing' : 'here should be a field')
    if (field !== 'payload') this.#located(begin, () => requireField(field))
    const path = field === 'payload' ? this.#path() : null
    this.#skipBlanks()
    const op = this.#take(/!=|<=|>=|[=<>~]|in(?=\s*\()/y)
    if (op === null) throw this.#refuse(`after ${field} should be = != < > <= >= ~ or in(…)`)
    this.#skipBlanks()
    const values = op === 'in' ? this.#list() : ([this.#value()] as const)
    if (!this.#sees(/\s|\)|$/y)) throw this.#refuse(`unexpected ${JSON.stringify(this.#text[this.#at])}`, {hint: 'several values: queue in(a,b); other characters: put the value in "…"'})
    this.#skipBlanks()
    const condition: Condition = {op: op === '!=' ? '=' : (op as Operator), values, now: this.#now}
    const filter = this.#located(begin, () => (path === null ? compareField(field, condition) : comparePayload(path, condition)))
    return op === '!=' ? {kind: 'not', part: filter} : filter
  }

  #path(): (string | number)[] {
    const path: (string | number)[] = []
    for (;;) {
      const step = this.#take(/\[(0|[1-9]\d{0,8})\]|\."([^"\\\u0000-\u001f]+)"|\.([^\s()[\].,"=!<>~\\\u0000-\u001f]+)/y)
      if (step === null) break
      path.push(step.startsWith('[') ? Number(step.slice(1, -1)) : step.replace(/^\."?|"$/g, ''))
    }
    if (path.length === 0) throw this.#refuse('payload needs a path', {hint: 'write payload.user.id, payload.items[0] or payload."a key"'})
    if (path.length > MAX_STEPS) throw this.#refuse(`a path of more than ${MAX_STEPS} steps`)
    return path
  }

  #list(): [WrittenValue, ...WrittenValue[]] {
    this.#take(/\(\s*/y)
    const values: [WrittenValue, ...WrittenValue[]] = [this.#value()]
    while (this.#take(/\s*,\s*/y) !== null) values.push(this.#value())
    if (this.#take(/\s*\)/y) === null) throw this.#refuse('in(…) is not closed', {hint: 'write it like state in(failed,done)'})
    if (values.length > MAX_VALUES) throw this.#refuse(`in(…) with more than ${MAX_VALUES} values`)
    return values
  }

  #value(): WrittenValue {
    const quoted = this.#take(/"(?:[^"\\]|\\["\\])*"/y)
    if (quoted !== null) return {text: quoted.slice(1, -1).replace(/\\(["\\])/g, '$1'), quoted: true}
    if (this.#sees(/"/y)) throw this.#refuse('quotes that are not closed', {hint: 'inside "…" write \\" and \\\\'})
    // An operator here is a slip (`==`, `=>`) that must not become part of the value.
    const bare = this.#take(/[^\s(),"=<>~!][^\s(),"]*/y)
    if (bare === null) throw this.#refuse('a value is missing', {hint: 'put a value of other characters in "…"; "" is the empty value'})
    return {text: bare, quoted: false}
  }

  /** Runs a field's own check, and adds the place to what it says. */
  #located<Result>(begin: number, check: () => Result): Result {
    try {
      return check()
    } catch (error) {
      if (!(error instanceof QctlError)) throw error
      throw this.#refuse(error.message, error.hint === null ? {at: begin} : {at: begin, hint: error.hint})
    }
  }

  #refuse(what: string, options: {readonly at?: number; readonly hint?: string} = {}): QctlError {
    const facts = options.hint === undefined ? {} : {hint: options.hint}
    return new QctlError('usage', `filter, character ${(options.at ?? this.#at) + 1}: ${what}`, facts)
  }

  #atEnd(): boolean {
    return this.#at >= this.#text.length
  }

  #skipBlanks(): void {
    this.#take(/\s*/y)
  }

  #sees(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at
    return pattern.test(this.#text)
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? null
    this.#at += found?.length ?? 0
    return found
  }

  /** Takes `and`, `or` or `not` with the blanks behind it. */
  #takeWord(word: 'and' | 'or' | 'not'): boolean {
    return this.#take(new RegExp(`${word}(?![\\w.])\\s*`, 'iy')) !== null
  }
}
