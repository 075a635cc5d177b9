import {execFile} from 'node:child_process'
import {databaseFile} from '../cli/database-file.ts'
import {selfCommand} from '../cli/self-command.ts'
import type {Session} from '../cli/session.ts'
import {databaseOf, type Settings} from '../config.ts'
import type {Finding} from '../doctor/finding.ts'
import {Errand} from './errand.ts'
import {Hand} from './hand.ts'
import {SupervisorDesk} from './supervisor-desk.ts'
import {ProcessTrees} from './process-trees.ts'

/** What goes on beside the ticks: what takes too long for one, and what outlasts them. */
export class Beside {
  readonly hand: Hand
  readonly doctor: Errand<readonly Finding[]>
  readonly supervisor: SupervisorDesk
  /** Of qctl. */
  readonly version: string
  readonly trees = new ProcessTrees()

  constructor(parts: Pick<Beside, 'hand' | 'doctor' | 'supervisor' | 'version'>) {
    this.hand = parts.hand
    this.doctor = parts.doctor
    this.supervisor = parts.supervisor
    this.version = parts.version
  }

  /** Gives back what is held, and ends what is going on. */
  async close(): Promise<void> {
    this.doctor.close()
    this.supervisor.close()
    await this.hand.close()
  }
}

/** He takes longer the larger the database is. */
const DOCTOR_PACE = {everyMs: 30_000, rest: 30} as const

/** What it takes. */
interface BesideOptions {
  readonly settings: Pick<Settings, 'db' | 'supervisorDir'>
  readonly version: string
  /** Another connection to the database. */
  readonly open: () => Promise<Session>
}

/** What goes on beside the ticks of a console on this database. */
export function openBeside({settings, version, open}: BesideOptions): Beside {
  return new Beside({
    version,
    hand: new Hand({open, dbPath: databaseFile(settings)}),
    doctor: new Errand(signal => askDoctor(databaseOf(settings), signal), DOCTOR_PACE),
    supervisor: new SupervisorDesk(settings.supervisorDir),
  })
}

/** `qctl doctor` as a process of its own: it reads much, and syncs the disk. Its exit status says no more than its findings. */
function askDoctor(db: string, signal: AbortSignal): Promise<readonly Finding[]> {
  const [program = '', ...words] = selfCommand()
  return new Promise((resolve, reject) => {
    execFile(program, [...words, 'doctor', '--json'], {signal, env: {...process.env, QCTL_DB: db}}, (error, stdout) => {
      try {
        const {findings} = JSON.parse(stdout) as {readonly findings: readonly Finding[]}
        resolve(findings)
      } catch {
        reject(error ?? new Error('qctl doctor gave no answer'))
      }
    })
  })
}
