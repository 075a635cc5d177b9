/** What the torture proves: found from what producers were told and handlers wrote down, not from what the queue says of itself. */
import {fault, type Finding, ok} from './finding.ts'

export interface Evidence {
  /** The ids that producers printed. */
  readonly promised: ReadonlySet<number>
  /** The ids of the jobs that are done in the end. */
  readonly done: ReadonlySet<number>
  /** One line for each step of each handler, in the order written: `start|tick|end ID FENCE`. */
  readonly ledger: string
  readonly killed: number
  readonly seconds: number
}

const REPORT = 'keep this message and report it with qctl version: this must not happen on a local disk'
const NAMED = 5

/** Judges the evidence. */
export function prove({promised, done, ledger, killed, seconds}: Evidence): Finding {
  const steps = ledger.split('\n').filter(line => line !== '').map(readStep)
  const lost = [...promised].filter(id => !done.has(id))
  const ended = new Set(steps.filter(({what}) => what === 'end').map(({id}) => id))
  const unproven = [...done].filter(id => !ended.has(id))
  const twice = [...Map.groupBy(steps, ({id}) => id)].filter(([, own]) => overlaps(own)).map(([id]) => id)
  const runs = steps.filter(({what}) => what === 'start').length
  const text = `${seconds} s of torture: ${promised.size} jobs, ${runs} runs, ${killed} producers and consumers killed`
  const wrong = [named('lost', lost), named('done without a handler that ended', unproven), named('run twice at the same time', twice)].filter(part => part !== null)
  return wrong.length === 0 ? ok('torture', `${text}; nothing was lost, nothing was run twice at once`) : fault('torture', `${text}; ${wrong.join('; ')}`, REPORT)
}

interface Step {
  readonly what: string
  readonly id: number
  readonly fence: number
}

function readStep(line: string): Step {
  const [what = '', id, fence] = line.split(' ')
  return {what, id: Number(id), fence: Number(fence)}
}

/** A handler took a step after one of a later claim had begun. */
function overlaps(steps: readonly Step[]): boolean {
  let latest = 0
  return steps.some(({fence}) => {
    latest = Math.max(latest, fence)
    return fence < latest
  })
}

function named(what: string, ids: readonly number[]): string | null {
  if (ids.length === 0) return null
  return `${ids.length} ${what}: job ${ids.slice(0, NAMED).join(', ')}${ids.length > NAMED ? ', …' : ''}`
}
