import type {AnyScreen} from '../screen.ts'
import {CONSUMER} from './consumer.tsx'
import {CONSUMERS_SCREEN} from './consumers.tsx'
import {EVENTS_SCREEN} from './events.tsx'
import {EXPLAIN} from './explain.tsx'
import {HAND} from './hand.tsx'
import {HEALTH} from './health.tsx'
import {JOB} from './job.tsx'
import {JOBS} from './jobs.tsx'
import {OVERVIEW} from './overview.tsx'
import {QUEUE} from './queue.tsx'
import {QUEUES_SCREEN} from './queues.tsx'
import {SUPERVISOR} from './supervisor.tsx'

/** Every screen. Adding one: its file, and a line here; the numbered ones in the order of their numbers. */
const ALL: readonly AnyScreen[] = [
  OVERVIEW, JOBS, QUEUES_SCREEN, CONSUMERS_SCREEN, HEALTH, EVENTS_SCREEN,
  JOB, EXPLAIN, QUEUE, HAND, CONSUMER, SUPERVISOR,
]

/** By id. */
export const SCREENS: Readonly<Record<string, AnyScreen>> = Object.fromEntries(ALL.map(screen => [screen.id, screen]))

/** Those with a number key. */
export const TABS: readonly AnyScreen[] = ALL.filter(({digit}) => digit !== null)
