import {useInput, usePaste} from 'ink'
import {systemClock} from '../../time.ts'
import {keyNames} from '../key-names.ts'
import type {Event} from '../state.ts'

/** Tells of every key, and of text that was pasted, which never counts as keys. */
export function useKeys(tell: (event: Event) => void): void {
  useInput((input, key) => {
    for (const name of keyNames(input, key)) tell({kind: 'key', name, at: systemClock.wallNow()})
  })
  usePaste(text => tell({kind: 'paste', text}))
}
