import {existsSync, mkdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect} from 'bun:test'
import {audit, type FinalJob, type Findings, type Submission} from '../auditor.ts'
import {requireTool} from './rights.ts'
import {integrityOf, type Scene} from './scene.ts'

/** The handler that keeps the ledger. */
export const HANDLER = join(import.meta.dirname, 'handler.sh')

/** A job as `jobs show --json` has it; only what the scenarios look at. */
export interface ShownJob {
  readonly id: number
  readonly state: string
  readonly reason: string | null
  readonly attempts: number
  readonly crashes: number
  readonly fence: number
  readonly payload: string
  readonly consumer: string | null
  readonly requested: string | null
  readonly lease_remaining_ms: number | null
  readonly attempts_list: readonly {
    readonly run: number
    readonly outcome: string
    readonly cause: string | null
    readonly consumer: string | null
    readonly started_at: string
    readonly finished_at: string
  }[]
  readonly events: readonly {readonly from: string | null; readonly to: string; readonly reason: string | null}[]
}

/** What the handlers of a scene write to. */
export function ledgerOf(scene: Scene): string {
  const path = scene.path('ledger')
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

/** What a consumer of a scene needs to run the ledger's handler. `work` is shell. */
export function ledgerEnvironment(scene: Scene, work = ''): Record<string, string> {
  requireTool('flock')
  mkdirSync(scene.path('locks'), {recursive: true})
  return {LEDGER: scene.path('ledger'), LOCKS: scene.path('locks'), WORK: work}
}

interface Listing {
  readonly items: readonly {readonly id: number}[]
  readonly next: string | null
}

const PAGE = 1000

/** Every job there is, by pages of `jobs list`, each with its payload and its runs. */
export async function allJobs(scene: Scene): Promise<ShownJob[]> {
  const jobs: ShownJob[] = []
  for (let cursor: string | null = null, page: Listing | null = null; page === null || cursor !== null; cursor = page.next) {
    const from: readonly string[] = cursor === null ? [] : ['--cursor', cursor]
    page = await scene.json<Listing>(['jobs', 'list', '-l', String(PAGE), ...from])
    if (page.items.length === 0) break
    jobs.push(...(await showJobs(scene, page.items.map(({id}) => id))))
  }
  return jobs
}

/** Some jobs with all that is known of them. */
export async function showJobs(scene: Scene, ids: readonly number[]): Promise<readonly ShownJob[]> {
  const shown = await scene.json<ShownJob | {readonly items: readonly ShownJob[]}>(['jobs', 'show', ...ids.map(String)])
  return 'items' in shown ? shown.items : [shown]
}

/** One job. */
export async function showJob(scene: Scene, id: number): Promise<ShownJob> {
  const [job] = await showJobs(scene, [id])
  if (job === undefined) throw new Error(`no job ${id}`)
  return job
}

/** A job as the auditor wants it. */
export function finalJob({id, state, payload, fence, attempts_list}: ShownJob): FinalJob {
  return {id, state, payload, fence, acked: attempts_list.filter(({outcome}) => outcome === 'done').map(({run}) => run)}
}

/** How many jobs are in each state. */
export async function countJobs(scene: Scene, queue = 'default'): Promise<Record<string, number>> {
  const {counts} = await scene.json<{counts: Record<string, number>}>(['queues', 'show', queue])
  return counts
}

/**
 * Asserts that nothing was lost, doubled, taken from a later fence, or left over, and that the file is sound.
 * @returns what else the auditor found, and the jobs
 */
export async function expectAllKept(
  scene: Scene,
  submissions: readonly Submission[],
): Promise<{readonly findings: Findings; readonly jobs: readonly ShownJob[]}> {
  const jobs = await allJobs(scene)
  const findings = audit({submissions, ledger: ledgerOf(scene), jobs: jobs.map(finalJob)})
  const {lost, concurrent, fence, stuck} = findings
  expect({lost, concurrent, fence, stuck}).toEqual({lost: [], concurrent: [], fence: [], stuck: []})
  expect(integrityOf(scene.database)).toBe('ok')
  return {findings, jobs}
}
