import type {CellStyle, Column} from '../cli/columns.ts'
import {jobList} from '../cli/job-list.ts'
import type {Job} from '../job.ts'
import type {Glyphs} from './theme.ts'

const STYLES: Readonly<Record<keyof Glyphs['states'], CellStyle | null>> = {
  pending: null, scheduled: 'magenta', processing: 'cyan', retry: 'yellow', done: 'green', failed: 'red', cancelled: 'dim',
}
/** Room for key and tags. */
const WIDE = 110

/** How a job stands, with the views of pending that people want to tell apart. */
export function standingOf({state, attempts, runAt}: Pick<Job, 'state' | 'attempts' | 'runAt'>, now: number): keyof Glyphs['states'] {
  if (state !== 'pending') return state
  return attempts > 0 ? 'retry' : runAt > now ? 'scheduled' : 'pending'
}

/**
 * How jobs are listed on a screen: as on paper, with a sign for the state.
 * @param now UTC ms
 */
export function jobColumns(now: number, glyphs: Glyphs, width: number): readonly Column<Job>[] {
  const paper = new Map(jobList(now).columns.map(column => [column.key, column]))
  const own = (key: string): Column<Job>[] => {
    const column = paper.get(key)
    return column === undefined ? [] : [column]
  }
  const standing: Column<Job> = {
    key: 'state',
    title: '  STATE',
    value: job => `${glyphs.states[standingOf(job, now)]} ${standingOf(job, now)}`,
    style: job => STYLES[standingOf(job, now)],
  }
  const others = width < WIDE ? [] : [...own('priority'), ...own('key'), ...own('tags')]
  return [...own('id'), ...own('queue'), standing, ...own('attempts'), ...own('age'), ...own('updated'), ...others, ...own('remark')]
}
