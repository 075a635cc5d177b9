import type {Enqueued} from '../job.ts'
import type {Committed} from '../producer/submit.ts'
import type {ListFormat, Printer} from './print.ts'
import {enqueuedJson, enqueuedLines, existingNote} from './produce-output.ts'

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
  readonly #atEnd: boolean
  readonly #kept: Enqueued[] = []
  #existing: Enqueued[] = []
  #count = 0
  #line: number | null = null

  constructor(print: Printer) {
    this.#print = print
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
    const note = existingNote(this.#existing)
    if (note !== null) this.#print.note(note)
  }

  /** Says how much of a submission in batches is stored, and how to go on. */
  tellWhereToGoOn(): void {
    if (this.#line === null) return this.#print.note('nothing was stored')
    const jobs = this.#count.toLocaleString('en')
    this.#print.note(`${jobs} jobs are stored, up to line ${this.#line}; go on with: tail -n +${this.#line + 1} INPUT | qctl produce …`)
  }
}
