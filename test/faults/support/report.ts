/** What a scenario came to: a line of JSON for whoever publishes it, in the file that `FAULTS_REPORT` names. */
import {describe as group, test} from 'bun:test'
import {appendFileSync} from 'node:fs'
import type {Fault} from './catalogue.ts'
import {reseed, SEED} from './seed.ts'

/** One run of a scenario. It is reported twice: what only began took too long. */
export interface Report {
  readonly fault: string
  readonly title: string
  readonly verdict: 'began' | 'held' | 'failed'
  /** How often the fault was there. */
  readonly n: number
  readonly figures: readonly string[]
  readonly seconds: number
  readonly seed: number
}

type Body<T extends readonly unknown[]> = (...values: T) => void | Promise<void>
type Case<T> = T extends readonly unknown[] ? [...T] : [T]

/** Declares scenarios of one fault, as `test` of bun does. */
export interface Scenarios {
  (title: string, body: Body<[]>, timeoutMs?: number): void
  /** Several of one shape; `%s` in the title is the value of the case. */
  each<const T>(cases: readonly T[]): (title: string, body: Body<Case<T>>, timeoutMs?: number) => void
}

interface Underway {
  n: number
  readonly figures: string[]
}

let underway: Underway | null = null
/** Of the group whose scenarios are being declared. */
let heading = ''

/** As that of bun; its title stands before those of its scenarios. */
export function describe(title: string, declare: () => void): void {
  group(title, () => {
    heading = `${title} `
    declare()
    heading = ''
  })
}

/**
 * Scenarios of a fault.
 * @param fault its name in the catalogue
 */
export function under(fault: Fault): Scenarios {
  const declare = (title: string, body: Body<[]>, timeoutMs?: number): void => {
    const whole = heading + title
    test(title, () => observe(fault, whole, body), timeoutMs)
  }
  const each: Scenarios['each'] = cases => (title, body, timeoutMs) => {
    const rows = cases.map((row): readonly unknown[] => (Array.isArray(row) ? row : [row]))
    const run = body as Body<unknown[]>
    const whole = heading + title
    test.each(rows)(title, (...values) => observe(fault, whole, () => run(...values)), timeoutMs)
  }
  return Object.assign(declare, {each})
}

/**
 * A figure of the scenario that runs: printed, published, and never asserted tightly.
 * @param n how often the fault was there
 */
export function figure(n: number, text: string): void {
  console.log(`    ${text}`)
  underway?.figures.push(text)
  if (underway !== null) underway.n = Math.max(underway.n, n)
}

async function observe(fault: Fault, title: string, body: Body<[]>): Promise<void> {
  reseed()
  const begin = performance.now()
  const current: Underway = {n: 1, figures: []}
  underway = current
  const report = (verdict: Report['verdict']): void => {
    write({fault, title, verdict, n: current.n, figures: current.figures, seconds: (performance.now() - begin) / 1000, seed: SEED})
  }
  report('began')
  try {
    await body()
    report('held')
  } catch (error) {
    report('failed')
    throw error
  } finally {
    underway = null
  }
}

function write(report: Report): void {
  const path = process.env['FAULTS_REPORT']
  if (path !== undefined) appendFileSync(path, `${JSON.stringify(report)}\n`)
}
