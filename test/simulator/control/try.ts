/** Breaks a copy of the code, one mutant at a time, and lets the simulator look for it. */
import {cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {Played} from '../play.ts'
import {type Mutant, MUTANTS} from './mutants.ts'

const ROOT = join(import.meta.dirname, '../../..')
const COPIED = ['src', 'test/simulator', 'test/queue/model', 'test/storage/contract/clock.ts', 'package.json', 'tsconfig.json']
/** A mutant that lasts for longer has got away. */
export const MOST_SEEDS = 4000

/** How a mutant was found; `null` = it was not. */
export type Found = {readonly seed: number; readonly error: string} | null

/**
 * Tries all of them.
 * @throws Error when one got away
 */
export async function tryMutants(say: (line: string) => void): Promise<void> {
  const survivors: string[] = []
  for (const mutant of MUTANTS) {
    const found = await tryMutant(mutant)
    say(found === null ? `survived ${MOST_SEEDS} seeds  ${mutant.name}` : `seed ${String(found.seed).padStart(4)}  ${mutant.name}: ${found.error}`)
    if (found === null) survivors.push(mutant.name)
  }
  if (survivors.length > 0) throw new Error(`not found: ${survivors.join('; ')}`)
  say(`all ${MUTANTS.length} were found`)
}

/** Plays seeds from 1 with broken code until one fails. */
export async function tryMutant(mutant: Mutant): Promise<Found> {
  const place = mkdtempSync(join(tmpdir(), 'qctl-mutant-'))
  try {
    mkdirSync(join(place, 'test/storage/contract'), {recursive: true})
    for (const path of COPIED) cpSync(join(ROOT, path), join(place, path), {recursive: true})
    symlinkSync(join(ROOT, 'node_modules'), join(place, 'node_modules'))
    writeFileSync(join(place, mutant.file), broken(mutant))
    return await firstFailure(place)
  } finally {
    rmSync(place, {recursive: true, force: true})
  }
}

/**
 * The text of the file with the mutant's edits.
 * @throws Error when the code is not as the mutant knows it
 */
export function broken({name, file, edits}: Mutant): string {
  return edits.reduce((text, [from, to]) => {
    if (text.split(from).length !== 2) throw new Error(`${name}: ${file} must have this once: ${from}`)
    return text.replace(from, () => to)
  }, readFileSync(join(ROOT, file), 'utf8'))
}

async function firstFailure(place: string): Promise<Found> {
  const program = [process.execPath, join(place, 'test/simulator/main.ts'), '--part', '--seeds', String(MOST_SEEDS)]
  const child = Bun.spawn(program, {stdout: 'pipe', stderr: 'pipe'})
  try {
    let rest = ''
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = `${rest}${text}`.split('\n')
      rest = lines.pop() ?? ''
      const found = lines.flatMap(line => (JSON.parse(line) as Played).failures)
      if (found[0] !== undefined) return {seed: found[0].seed, error: found[0].error.split('\n')[0] ?? ''}
    }
    return null
  } finally {
    child.kill()
    await child.exited
  }
}
