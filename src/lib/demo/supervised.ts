/** The demonstration under supervisord. */
import {join} from 'node:path'
import {QctlError} from '../errors.ts'
import {SupervisorClient} from '../supervisor/client.ts'
import {endSupervisord, startSupervisord} from '../supervisor/daemon.ts'
import {consumersOf, Operator} from '../supervisor/operate.ts'
import {checkDirectory, type Place, placeOf} from '../supervisor/place.ts'
import type {Plan} from '../supervisor/plan.ts'
import {supervisordFiles} from '../supervisor/supervisord.ts'
import {makePrivate, writeFiles} from '../supervisor/write.ts'
import type {Crew, CrewMember} from './crew.ts'

export class SupervisedCrew implements Crew {
  readonly runBy = 'supervisord'
  readonly #plan: Plan
  readonly #place: Place
  readonly #client: SupervisorClient

  readonly #environment: NodeJS.ProcessEnv

  /** @param environment of all its processes */
  constructor(plan: Plan, environment: NodeJS.ProcessEnv) {
    this.#plan = plan
    this.#environment = environment
    this.#place = placeOf(plan.directory)
    this.#client = new SupervisorClient(this.#place.socket)
  }

  async start(signal: AbortSignal): Promise<void> {
    const {directory} = this.#plan
    checkDirectory(directory)
    writeFiles(directory, supervisordFiles(this.#plan), false)
    for (const name of ['logs', 'run']) makePrivate(join(directory, name), null)
    await startSupervisord(this.#place, this.#client, signal, this.#environment)
  }

  async consumers(): Promise<readonly CrewMember[]> {
    return consumersOf(await this.#client.processes()).flatMap(({name, pid}) => (pid === null ? [] : [{name, pid}]))
  }

  async endProducer(signal: AbortSignal): Promise<void> {
    const processes = await this.#client.processes()
    await this.#operator(signal).stop(processes.filter(({name}) => name === 'producer'))
  }

  async end(signal: AbortSignal): Promise<void> {
    try {
      await this.#operator(signal).stopAll()
      if (await this.#client.isThere()) await endSupervisord(this.#client, signal)
    } catch (error) {
      if (!(error instanceof QctlError && error.code === 'unavailable')) throw error
    }
  }

  #operator(signal: AbortSignal): Operator {
    return new Operator(this.#place, this.#client, signal)
  }
}
