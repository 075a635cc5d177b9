import {reduce} from './reduce.ts'
import type {Effect, Event, State} from './state.ts'

/** The state of `top` as it is now, for those who draw it and those who carry out its effects. */
export class Program {
  #state: State
  readonly #onEffect: (effect: Effect) => void
  readonly #onError: (error: unknown) => void
  readonly #listeners = new Set<() => void>()

  /** @param onError gets what is thrown while something that happened is dealt with: a bug; whoever told of it may be unable to catch it */
  constructor(state: State, onEffect: (effect: Effect) => void, onError: (error: unknown) => void) {
    this.#state = state
    this.#onEffect = onEffect
    this.#onError = onError
  }

  /** For React, which calls it without `this`. */
  readonly state = (): State => this.#state

  /** Something happened. */
  readonly tell = (event: Event): void => {
    try {
      this.#take(event)
    } catch (error) {
      this.#onError(error)
    }
  }

  /** @returns the function that ends it */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #take(event: Event): void {
    const {state, effects} = reduce(this.#state, event)
    this.#state = state
    for (const listener of this.#listeners) listener()
    for (const effect of effects) this.#onEffect(effect)
  }
}
