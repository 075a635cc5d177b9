import type {Lease} from '../job.ts'
import type {Act} from './acts.ts'
import type {Answer} from './hand.ts'

const TITLES = {done: 'is done', failed: 'failed', released: 'goes back'} as const

/** Says what became of the job in the hand. Done is asked for: it is the end of the job, by a letter that deletes elsewhere. */
export function answerJob({id, queue}: Pick<Lease, 'id' | 'queue'>, answer: Answer): Act {
  const isEnd = answer.kind === 'done'
  return {
    title: `Job ${id} ${TITLES[answer.kind]}${isEnd ? '?' : ''}`,
    facts: isEnd ? [`The job of ${queue} is settled as done: no consumer gets it any more.`, 'There is no such command: it is done here.', 'Undo: no.'] : [],
    cli: null,
    tier: {kind: isEnd ? 'ask' : 'at_once'},
    run: async ({beside}) => ({notice: await beside.hand.answer(answer), moves: [{kind: 'back'}]}),
  }
}
