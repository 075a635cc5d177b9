import {expect, test} from 'bun:test'
import {existsSync, globSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {faults} from './support/catalogue.ts'
import {missingFaults, scenariosOf, tables} from './support/paper.ts'
import type {Report} from './support/report.ts'

const ROOT = join(import.meta.dirname, '../..')
const REPORT: Report = {fault: 'a crash on an empty queue', title: 'a | b', verdict: 'began', n: 1, figures: [], seconds: 0, seed: 7}

test('every fault has a scenario, or says why not and where it is held', () => {
  const declared = globSync('test/{faults,supervisor}/*.test.ts', {cwd: ROOT})
    .flatMap(path => [...readFileSync(join(ROOT, path), 'utf8').matchAll(/\bunder\('((?:[^'\\]|\\.)*)'\)/g)])
    .map(([, name = '']) => name.replaceAll('\\', ''))
  const expected = faults().filter(({absent}) => absent === null).map(({name}) => name)
  expect([...new Set(declared)].toSorted()).toEqual(expected.toSorted())
  for (const path of faults().flatMap(({absent}) => absent?.tests ?? [])) expect([path, existsSync(join(ROOT, path))]).toEqual([path, true])
})

test('the paper adds up the runs of a scenario, and shows one that did not end', () => {
  const held: Report = {...REPORT, verdict: 'held', n: 20, figures: ['lost 0'], seconds: 1}
  const sum = {fault: REPORT.fault, title: REPORT.title, n: 40, figures: ['lost 0'], result: 'held', seconds: 2}
  expect(scenariosOf([REPORT, held, REPORT, held])).toEqual([sum])
  expect(scenariosOf([REPORT, held, REPORT])).toMatchObject([{n: 20, result: '**failed** 1 of 2'}])
  expect(scenariosOf([REPORT, {...held, verdict: 'failed'}])).toMatchObject([{result: '**failed** 1 of 1'}])
  expect(tables([REPORT, held], false)).toContain('| a \\| b | 20 | lost 0 | held | 1.0 |\n')
  expect(tables([REPORT, held], false)).not.toContain('PostgreSQL')
  expect(tables([], true)).toContain('- PostgreSQL goes away: this version')
})

test('the paper misses what nothing was reported on', () => {
  const missing = missingFaults([REPORT])
  expect(missing).not.toContain(REPORT.fault)
  expect(missing).toContain('the place is read-only')
  expect(missing).not.toContain('PostgreSQL goes away')
})
