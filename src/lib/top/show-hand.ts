import type {Key, Move} from './screen.ts'

/** To the job in the hand. */
export function showHand(): Move<never> {
  return {kind: 'open', screen: 'hand', own: {}}
}

/** The key that goes there, where something is. */
export function handKey<Own, Facts>(inHand: (facts: Facts) => number | null): Key<Own, Facts> {
  return {
    keys: ['t'],
    label: 'hand',
    help: 'show the job that you took by hand',
    when: ({facts}) => facts !== null && inHand(facts) !== null,
    press: () => showHand(),
  }
}
