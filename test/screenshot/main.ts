/** `npm run screenshot`: makes docs/top.svg from a real terminal in which `top` watches real consumers. */
import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {Sandbox} from '../support/binary.ts'
import {removeScratch} from '../support/scratch.ts'
import {Terminal} from '../support/terminal.ts'
import {waitFor} from '../support/wait-for.ts'
import {writeHistory} from './history.ts'
import {svgOf} from './svg.ts'

const COLUMNS = 112
const ROWS = 30

async function shoot(): Promise<string> {
  await using sandbox = new Sandbox()
  await writeHistory(sandbox.database)
  const consume = (queue: string, count: number, seconds: number): unknown =>
    sandbox.start(['consume', '-Q', queue, '-c', String(count), '--name', `web1:${queue}-00`, '--shell', `sleep ${seconds}`])
  consume('mail', 4, 0.4)
  consume('thumbs', 3, 0.9)
  consume('reports', 1, 5)
  await sandbox.qctl(['produce', '-Q', 'import', ...Array.from({length: 12}, (_, at) => `row ${at}`)])
  await sandbox.qctl(['produce', '-Q', 'reports', '--delay', '6h', 'weekly', 'monthly'])
  for (const [queue, count] of [['mail', 60], ['thumbs', 25], ['reports', 4]] as const) {
    await sandbox.qctl(['produce', '-Q', queue, ...Array.from({length: count}, (_, at) => `${at}`)])
  }
  await using terminal = await Terminal.start(['top'], {home: sandbox.home, columns: COLUMNS, rows: ROWS, env: {COLORTERM: 'truecolor'}})
  await terminal.shows('web1:thumbs-00')
  await waitFor(async () => /web1:thumbs-00 .* [1-9] +0 +\d/.test(await terminal.screen()), {what: 'consumers that have done something'})
  return svgOf(await terminal.screen({colors: true}), COLUMNS)
}

writeFileSync(join(import.meta.dirname, '../../docs/top.svg'), await shoot())
removeScratch()
