import {type ActionReport, wouldChange} from '../queue/action-report.ts'
import type {Action, Target} from '../storage/storage.ts'
import {cliActor} from './actor.ts'
import {failureOfReport, reportJson, reportLine} from './action-report.ts'
import {BaseCommand} from './base-command.ts'
import {type Change, confirm, expectCount} from './confirm.ts'
import {counted} from './counted.ts'
import {databaseFile} from './database-file.ts'
import {reportFailure} from './failure.ts'
import type {Selection} from './job-flags.ts'
import {noteMissingQueues, requireQueues} from './missing.ts'
import {ONE_THING} from './print.ts'
import type {Session} from './session.ts'

/** What a verb does, and how. */
export interface Deed {
  readonly action: Action
  /** Only say what would change. */
  readonly dryRun: boolean
  /** Do not wait for the holders of jobs; else the grace and 5 s more. */
  readonly noWait?: boolean
  /** Settles what dead holders left. */
  readonly reap?: (session: Session) => () => Promise<unknown>
}

/** Beyond the grace: the holder has to notice, kill and store. */
const BEYOND_GRACE_MS = 5000

/** A command that does one thing to many jobs. */
export abstract class ActionCommand extends BaseCommand {
  static override formats = ONE_THING

  /** The file of the database; `null` when it is named by a URL. */
  protected get databaseFile(): string | null {
    return databaseFile(this.settings)
  }

  /**
   * Finds the jobs, asks if that is needed, acts, prints what became of them and sets the exit status.
   * @throws QctlError `not_found` for a queue that `-Q` names and that does not exist, `conflict` when `--confirm` expected another number, `confirmation_needed`
   */
  protected async perform(selection: Selection, deed: Deed): Promise<void> {
    const session = await this.open()
    const {targets, unnamed} = await this.#find(selection, session)
    const origin = {named: selection.kind === 'ids', unnamed}
    const foreseen = await session.inspector.preview(deed.action, targets)
    const change = {verb: deed.action.kind, count: wouldChange(foreseen), noun: 'job'}
    if (deed.dryRun) {
      expectCount(change, this.confirmation.confirm)
      return this.#print(foreseen, origin)
    }
    await this.#ask(selection, change)
    this.#print(await this.#act(deed, targets, session), origin)
  }

  async #act(deed: Deed, targets: readonly Target[], session: Session): Promise<ActionReport> {
    let gone = 0
    const options = {
      actor: cliActor(),
      waitMs: deed.noWait === true ? null : this.settings.grace + BEYOND_GRACE_MS,
      reap: deed.reap?.(session) ?? (async () => {}),
      onProgress: (done: number) => void (gone = done),
      signal: this.signal,
    }
    try {
      return await session.inspector.act(deed.action, targets, options)
    } catch (error) {
      if (this.signal.aborted) this.print.note(`interrupted: ${gone.toLocaleString('en')} of ${counted(targets.length, 'job')} gone through`)
      throw error
    }
  }

  async #find(
    selection: Selection,
    {inspector, storage}: Session,
  ): Promise<{readonly targets: readonly Target[]; readonly unnamed: readonly string[]}> {
    if (selection.kind === 'where') {
      await requireQueues(selection.queues, storage)
      await noteMissingQueues(selection.filter, storage, this.print)
      return {targets: await inspector.snapshot(selection.filter), unnamed: []}
    }
    const {ids, missing} = await inspector.resolve(selection.specs)
    return {targets: ids.map(id => ({id, seen: null})), unnamed: missing}
  }

  /** Whoever names every job has said what is meant. */
  async #ask(selection: Selection, change: Change): Promise<void> {
    const options = this.confirmation
    await confirm(change, {...options, yes: options.yes || selection.kind === 'ids'})
  }

  #print(report: ActionReport, origin: Parameters<typeof failureOfReport>[1]): void {
    this.print.result(reportJson(report), () => reportLine(report))
    const failure = failureOfReport(report, origin)
    if (failure === null) return
    // The document says it all to a program: no second one for the error.
    reportFailure(failure.error, {json: null, verbose: false})
    process.exitCode = failure.exit
  }
}
