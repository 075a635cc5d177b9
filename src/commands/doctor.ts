import {existsSync} from 'node:fs'
import {BaseCommand} from '../lib/cli/base-command.ts'
import {databaseFile, realDatabaseFile} from '../lib/cli/database-file.ts'
import {DOCTOR_FLAGS, printFindings} from '../lib/cli/doctor.ts'
import {oclifFlags} from '../lib/cli/oclif-flags.ts'
import {ONE_THING} from '../lib/cli/print.ts'
import {selfCommand} from '../lib/cli/self-command.ts'
import {upkeepOf} from '../lib/cli/session.ts'
import {examine} from '../lib/doctor/doctor.ts'
import {torture} from '../lib/doctor/torture.ts'

export default class Doctor extends BaseCommand {
  static override summary = 'Examine the database and what it rests on; say what is wrong and what helps'
  static override description = 'Exit status 1 when there is a fault; warnings are no fault. A quick look by default.'
  static override examples = ['qctl doctor', 'qctl doctor --full', 'qctl doctor --json', 'qctl doctor --torture 30s']
  static override flags = oclifFlags(DOCTOR_FLAGS)

  static override formats = ONE_THING

  override async run(): Promise<void> {
    const {flags} = await this.parse(Doctor)
    const path = databaseFile(this.settings)
    // A missing database is no patient: that is said as everywhere.
    if (path === null || !existsSync(path)) await this.open()
    const file = realDatabaseFile(this.settings)
    const open = async () => (await this.open()).storage
    const findings = await examine({file, upkeep: await upkeepOf({...this.settings, db: file}), open, full: flags.full})
    const forMs = flags.torture
    const proof = forMs === undefined ? [] : [await torture({file, self: selfCommand(), forMs, signal: this.signal})]
    printFindings([...findings, ...proof], this.print)
  }
}
