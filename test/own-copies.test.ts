import {afterAll, beforeAll, expect, test} from 'bun:test'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {ownCopies} from '../bin/own-copies.ts'

/** A program with a short way, which shares an error with the rest and with what it imports late. */
const PROGRAM: Readonly<Record<string, string>> = {
  'main.ts': `
    import {Fault} from './fault.ts'
    const way = await import('./way-fast.ts')
    console.log(JSON.stringify([way.Fault === Fault, way.Fault === await way.late(), (await import('./late.ts')).Fault === Fault]))`,
  'way-fast.ts': `
    export {Fault} from './fault.ts'
    export const late = async () => (await import('./late.ts')).Fault`,
  'late.ts': `export {Fault} from './fault.ts'`,
  'fault.ts': 'export class Fault extends Error {}',
}

let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'qctl-own-copies-'))
  for (const [name, text] of Object.entries(PROGRAM)) writeFileSync(join(directory, name), text)
})

afterAll(() => rmSync(directory, {recursive: true}))

async function outputOf(plugins: Bun.BunPlugin[]): Promise<unknown> {
  const outdir = join(directory, 'out')
  await Bun.build({entrypoints: [join(directory, 'main.ts')], outdir, target: 'bun', splitting: true, plugins})
  return JSON.parse(await Bun.$`${process.execPath} ${join(outdir, 'main.js')}`.text())
}

test('a short way has one copy of everything for itself, also of what it imports late', async () => {
  expect(await outputOf([])).toEqual([true, true, true])
  expect(await outputOf([ownCopies(/-fast\.ts$/)])).toEqual([false, true, true])
})
