/** Compiled programs to compare a whole `qctl` process with: they do less, in the same runtime. */
import {writeFileSync} from 'node:fs'
import {newPath} from './scratch.ts'
import type {Recording, Statement} from './recording.ts'

/** What everything written in Bun has to pay. */
export async function compileHello(): Promise<string> {
  return compile("console.log('hello world')")
}

/**
 * A program that does a recording on the file it is given, and prints a number.
 * @returns its path
 */
export async function compileReplay({opening, work}: Recording): Promise<string> {
  const statements = [...opening, ...work].map(statement => `  ${source(statement)},`)
  return compile(`import {DatabaseSync} from 'node:sqlite'
import {writeSync} from 'node:fs'
const db = new DatabaseSync(process.argv[2])
const prepared = new Map()
function prepare(sql, arrays) {
  let statement = prepared.get(sql)
  if (statement === undefined) {
    prepared.set(sql, statement = db.prepare(sql))
    if (arrays) statement.setReturnArrays(true)
  }
  return statement
}
for (const [call, sql, arrays, values] of [
${statements.join('\n')}
]) {
  if (call === 'exec') db.exec(sql)
  else prepare(sql, arrays)[call](...values)
}
db.close()
writeSync(1, '1\\n')
`)
}

function source({call, sql, arrays, values}: Statement): string {
  return `['${call}', ${JSON.stringify(sql)}, ${arrays}, [${values.map(literal).join(', ')}]]`
}

function literal(value: Statement['values'][number]): string {
  if (typeof value === 'bigint') return `${value}n`
  if (!ArrayBuffer.isView(value)) return JSON.stringify(value)
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return `Buffer.from('${bytes.toString('base64')}', 'base64')`
}

/** With bytecode, as `dist/qctl`. */
async function compile(text: string): Promise<string> {
  const entry = newPath('js')
  const outfile = newPath('bin')
  writeFileSync(entry, text)
  const child = Bun.spawn([process.execPath, 'build', '--compile', '--bytecode', '--minify', entry, '--outfile', outfile], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const errors = await new Response(child.stderr).text()
  if (await child.exited !== 0) throw new Error(`bun build failed: ${errors}`)
  return outfile
}
