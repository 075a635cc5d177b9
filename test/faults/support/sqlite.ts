import {spawnSync} from 'node:child_process'
import type {Running, Scene} from './scene.ts'

/** Opens a file with node:sqlite in a process of its own, so that the test's process never has it open. */
function script(body: string): string {
  return `const {DatabaseSync} = require('node:sqlite'); const db = new DatabaseSync(process.argv[1]); ${body}`
}

/** Runs SQL on a file that nobody has open. */
export function runSql(path: string, sql: string): void {
  const {status, stderr} = spawnSync(process.execPath, ['-e', script('db.exec(process.argv[2]); db.close()'), path, sql], {encoding: 'utf8'})
  if (status !== 0) throw new Error(stderr)
}

/** Runs SQL in a process that then keeps the file open, as another program would. Prints `ready` when it has done so. */
export function holdOpen(scene: Scene, path: string, sql: string): Running {
  const body = "db.exec(process.argv[2]); console.log('ready'); setTimeout(() => {}, 50_000)"
  return scene.start([process.execPath, '-e', script(body), path, sql])
}
