import type {AnyScreen} from '../screen.ts'
import {EXPLAIN} from './explain.tsx'
import {JOB} from './job.tsx'
import {JOBS} from './jobs.tsx'
import {OVERVIEW} from './overview.tsx'

/** Every screen. Adding one: its file, and a line here; the numbered ones in the order of their numbers. */
const ALL: readonly AnyScreen[] = [OVERVIEW, JOBS, JOB, EXPLAIN]

/** By id. */
export const SCREENS: Readonly<Record<string, AnyScreen>> = Object.fromEntries(ALL.map(screen => [screen.id, screen]))

/** Those with a number key. */
export const TABS: readonly AnyScreen[] = ALL.filter(({digit}) => digit !== null)
