import type {State} from '../job.ts'
import type {Action, SkipReason} from '../storage/storage.ts'

/** What an action would do to a job: change it, find it as it should be, or leave it alone for a reason. */
export type Foreseen = 'change' | 'already' | SkipReason

/**
 * Says what an action would do to a job in a state, for dry runs. The storage decides in earnest, and about keys as well.
 * @param action what is to be done
 * @param state how the job is now
 */
export function foresee(action: Action['kind'], state: State): Foreseen {
  switch (action) {
    case 'cancel':
      return end(state, 'cancelled')
    case 'fail':
      return end(state, 'failed')
    case 'resubmit':
      return state === 'pending' || state === 'processing' ? state : 'change'
    case 'delete':
      return state === 'processing' ? state : 'change'
    case 'assign':
      return state === 'pending' ? 'change' : 'not pending'
  }
}

function end(state: State, target: State): Foreseen {
  if (state === target) return 'already'
  return state === 'pending' || state === 'processing' ? 'change' : 'finished'
}
