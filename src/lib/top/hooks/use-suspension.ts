import {useApp} from 'ink'
import {useEffect} from 'react'
import {sleep} from '../../time.ts'

/** A process that was told to stop has stopped by then; where nobody could let it go on, it is not stopped at all. */
const STOP_MS = 100

/**
 * Gives the terminal back and stops, as Ctrl-Z does elsewhere; afterwards draws all of the screen.
 * @param count how often that was asked for: once more each time it grows
 */
export function useSuspension(count: number): void {
  const {suspendTerminal} = useApp()
  useEffect(() => {
    if (count > 0) void suspendTerminal(stopped)
  }, [count, suspendTerminal])
}

/** With all of its group: the shell looks at the one that it started, which may be another. */
async function stopped(): Promise<void> {
  process.kill(0, 'SIGTSTP')
  await sleep(STOP_MS)
  // Who is stopped is not told of a change of the terminal's size.
  process.kill(process.pid, 'SIGWINCH')
}
