import {deleteQueue, pauseOrResume, purge, type QueueFacts, takeByHand} from './acts-of-queues.ts'
import {produceForm} from './produce-form.ts'
import type {Key, Moment, Move} from './screen.ts'
import {createForm, editForm} from './setting-form.ts'
import type {QueueSettings} from '../job.ts'

type AnyQueue = QueueFacts & {readonly settings: QueueSettings}

const NONE: Move = {kind: 'notice', text: 'there is no queue here; C makes one', tone: 'warning'}

/**
 * The keys that do something to a queue.
 * @param queueOf the one that is meant
 */
export function queueKeys<Own, Facts>(queueOf: (moment: Moment<Own, Facts>) => AnyQueue | null): readonly Key<Own, Facts>[] {
  const key = (name: string, label: string, help: string, lead: (queue: AnyQueue) => Move): Key<Own, Facts> => ({
    keys: [name],
    label,
    help,
    acts: true,
    press: moment => {
      const queue = queueOf(moment)
      return (queue === null ? NONE : lead(queue)) as Move<Own>
    },
  })
  return [
    key('P', 'pause', 'pause the queue, with a reason, or resume it', pauseOrResume),
    key('E', 'edit', 'change settings of the queue', ({name, settings}) => ({kind: 'form', form: editForm(name, settings)})),
    key('J', 'job', 'store a job of this queue by hand', ({name}) => ({kind: 'form', form: produceForm(name)})),
    key('T', 'take', 'take one job by hand and say what became of it', ({name}) => ({kind: 'act', act: takeByHand(name)})),
    key('D', 'purge', 'delete the jobs of the queue that are in some states', ({name}) => purge(name)),
    key('X', 'delete', 'delete the queue itself', ({name}) => deleteQueue(name)),
  ]
}

/** Needs no queue. */
export function createKey<Own, Facts>(): Key<Own, Facts> {
  return {keys: ['C'], label: 'create', help: 'create a queue', acts: true, press: () => ({kind: 'form', form: createForm()})}
}
