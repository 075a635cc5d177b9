import type {Lease} from '../job.ts'
import type {Act} from './acts.ts'
import type {Answer} from './hand.ts'

const TITLES = {done: 'is done', failed: 'failed', released: 'goes back'} as const

/** Says what became of the job in the hand. */
export function answerJob({id}: Pick<Lease, 'id'>, answer: Answer): Act {
  return {
    title: `Job ${id} ${TITLES[answer.kind]}`,
    facts: [],
    cli: null,
    tier: {kind: 'at_once'},
    run: async ({beside}) => ({notice: await beside.hand.answer(answer), moves: [{kind: 'back'}]}),
  }
}
