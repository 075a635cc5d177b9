import {explain, type Explanation} from '../queue/explain.ts'
import {wordingOf, wordingsOf} from '../queue/explain-text.ts'
import type {IdSpec} from '../queue/id-list.ts'
import type {Inspector} from '../queue/inspector.ts'
import {safeText} from '../safe-text.ts'
import type {Storage} from '../storage/storage.ts'
import {timeField} from './bytes-json.ts'
import {eyesOf} from './eyes.ts'
import {reportFailure} from './failure.ts'
import {stateStyle} from './job-list.ts'
import {noSuchJobs} from './missing.ts'
import type {ListFormat, Printer} from './print.ts'
import {withDatabase} from './with-database.ts'

/** What explaining needs. */
export interface Explaining {
  readonly inspector: Inspector
  readonly storage: Storage
  readonly print: Printer
  /** The file of the database, as handlers know it; `null` for a URL. */
  readonly dbPath: string | null
  /** What `--db` said, for the commands that are advised; `null` when they find the database without. */
  readonly dbFlag: string | null
}

/**
 * Prints why jobs are as they are, and what to do about it.
 * @returns the exit status: 66 when some do not exist
 * @throws QctlError `not_found` when none exists
 */
export async function explainJobs(specs: readonly IdSpec[], {inspector, storage, print, dbPath, dbFlag}: Explaining): Promise<number> {
  const {ids, missing} = await inspector.resolve(specs)
  const eyes = eyesOf(dbPath)
  const found = (await storage.explain(ids)).map(standing => explain(standing, eyes))
  const known = new Set(found.map(({id}) => id))
  const absent = [...missing, ...ids.filter(id => !known.has(id)).map(String)]
  if (found.length === 0) throw await noSuchJobs(absent, storage)
  await printAll(found, {isOne: specs.length === 1 && specs[0]?.kind !== 'range', dbFlag}, print)
  if (absent.length === 0) return 0
  return reportFailure(await noSuchJobs(absent, storage), {json: null, verbose: false})
}

interface Manner {
  readonly isOne: boolean
  readonly dbFlag: string | null
}

async function printAll(found: readonly Explanation[], {isOne, dbFlag}: Manner, print: Printer): Promise<void> {
  const documents = (): readonly unknown[] => found.map(one => explanationJson(one, dbFlag))
  if (print.isJson) print.json(isOne ? documents()[0] : {items: documents()})
  else if (print.isMachine) for (const document of documents()) print.json(document)
  else if (print.output === 'csv' || print.output === 'id') await print.list({items: found, next: null, searched: null}, listOf(dbFlag))
  else {
    for (const [i, explanation] of found.entries()) {
      if (i > 0) print.line()
      printExplanation(explanation, dbFlag, print)
    }
  }
}

function listOf(dbFlag: string | null): ListFormat<Explanation> {
  return {
    columns: [
      {key: 'id', title: 'ID', value: ({id}) => id},
      {key: 'state', title: 'STATE', value: ({state}) => state},
      {key: 'claimable', title: 'CLAIMABLE', value: ({claimable}) => String(claimable)},
      {key: 'code', title: 'CODE', value: ({reasons}) => reasons[0]?.code ?? null},
    ],
    id: ({id}) => id,
    toJson: explanation => explanationJson(explanation, dbFlag),
  }
}

function printExplanation(explanation: Explanation, dbFlag: string | null, print: Printer): void {
  const {id, state, queue} = explanation
  const style = stateStyle(state)
  print.line(`${print.paint.bold(`job ${id}`)}  ${style === null ? state : print.paint[style](state)}  ${print.paint.dim(safeText(`in queue ${queue}`))}`)
  for (const {text, fix, purpose} of wordingsOf(explanation)) {
    print.line(`  ${safeText(text)}`)
    const what = purpose === undefined ? '' : `${purpose}: `
    if (fix !== null) print.line(`    ${print.paint.dim('→')} ${safeText(`${what}${withDatabase(fix, dbFlag)}`)}`)
  }
}

function explanationJson(explanation: Explanation, dbFlag: string | null): Readonly<Record<string, unknown>> {
  const {id, queue, state, claimable} = explanation
  const reasons = explanation.reasons.map(reason => {
    const {code, ...facts} = reason
    const {text, fix} = wordingOf(reason, explanation)
    return {code, text, fix: fix === null ? null : withDatabase(fix, dbFlag), ...factsJson(facts)}
  })
  return {id, queue, state, claimable, reasons}
}

/** The facts under the names of JSON documents; fields that end in `At` or `Until` are times. */
function factsJson(facts: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]: [string, unknown]) => {
      const isTime = /(At|Until)$/.test(name) && (typeof value === 'number' || value === null)
      return [name.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`), isTime ? timeField(value) : factJson(value)]
    }),
  )
}

function factJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(factJson)
  return typeof value === 'object' && value !== null ? factsJson(value) : value
}
