import {useWindowSize} from 'ink'
import {useEffect} from 'react'
import type {Event} from '../state.ts'

/** Tells when the terminal has another size. */
export function useSize(tell: (event: Event) => void): void {
  const {columns, rows} = useWindowSize()
  useEffect(() => tell({kind: 'resized', size: {columns, rows}}), [columns, rows, tell])
}
