import {QctlError} from '../errors.ts'
import type {Enqueued} from '../job.ts'
import {isHarmlessToRepeat} from '../producer/store.ts'
import type {Committed} from '../producer/submit.ts'
import {counted} from './counted.ts'
import {failureOf, interruptionOf, reportFailure} from './failure.ts'
import type {ListFormat, Printer} from './print.ts'
import {enqueuedJson, enqueuedLines, existingNote, type Holders} from './produce-output.ts'

const CSV: ListFormat<Enqueued> = {
  columns: [
    {key: 'id', title: 'ID', value: job => job.id},
    {key: 'queue', title: 'QUEUE', value: job => job.queue},
    {key: 'existing', title: 'EXISTING', value: job => String(job.existing)},
  ],
  id: job => job.id,
  toJson: job => job,
}

/** Prints where jobs ended up: line by line as they are committed, or in one document at the end. */
export class ProduceReport {
  readonly #print: Printer
  readonly #holders: Holders | null
  readonly #atEnd: boolean
  readonly #kept: Enqueued[] = []
  #existing: Enqueued[] = []
  #count = 0
  #line: number | null = null

  /** @param holders of keys; `null` for a rehearsal, which meets none */
  constructor(print: Printer, holders: Holders | null) {
    this.#print = print
    this.#holders = holders
    this.#atEnd = print.output === 'json' || print.output === 'csv'
  }

  /** Takes what was committed. */
  add({line, enqueued}: Committed): void {
    this.#count += enqueued.length
    this.#line = line
    for (const job of enqueued) {
      if (job.existing) this.#existing.push(job)
      if (this.#atEnd) this.#kept.push(job)
    }
    if (!this.#atEnd) this.#print.raw(enqueuedLines(enqueued, this.#print.output))
  }

  /** Prints what is left to print. */
  async finish(): Promise<void> {
    if (this.#print.isJson) this.#print.json(enqueuedJson(this.#kept))
    else if (this.#atEnd) await this.#print.list({items: this.#kept, next: null, searched: null}, CSV)
    const note = this.#holders === null ? null : await existingNote(this.#existing, this.#holders)
    if (note !== null) this.#print.note(note)
  }

  /** Prints the document of a dry run; nothing where only ids are expected. */
  async finishRehearsal(wouldStore: number): Promise<void> {
    if (!this.#print.isMachine) return this.finish()
    this.#print.json({...enqueuedJson([]), dry_run: true, would_store: wouldStore})
  }

  /**
   * Prints what was committed before an error, if only the end would have told of it. In JSON the error is a field of that document.
   * @returns the exit status when the error has been reported with it
   */
  async finishAfter(error: unknown): Promise<number | null> {
    if (this.#kept.length === 0) return null
    if (!this.#print.isJson) {
      await this.finish()
      return null
    }
    const failure = interruptionOf(error) === null ? failureOf(error) : null
    this.#print.json({...enqueuedJson(this.#kept), error: failure})
    return reportFailure(error, {json: null, verbose: false})
  }

  /**
   * Says how much of a submission in batches is stored, and how to go on.
   * @param error what ended it
   */
  tellWhereToGoOn(error: unknown): void {
    const line = this.#line ?? 0
    const stored = this.#count === 0 ? 'nothing is known to be stored' : `${counted(this.#count, 'job')} ${this.#count === 1 ? 'is' : 'are'} stored, up to line ${line}`
    const isUnknown = error instanceof QctlError && error.code === 'outcome_unknown'
    if (isUnknown && !isHarmlessToRepeat(error)) {
      this.#print.note(`${stored}; the batch from line ${line + 1} on may be stored, too: see with qctl jobs show @last which line was the last, and go on after it`)
    } else if (this.#line === null && !isUnknown) this.#print.note('nothing was stored')
    else this.#print.note(`${stored}; go on with: tail -n +${line + 1} INPUT | qctl produce …`)
  }
}
