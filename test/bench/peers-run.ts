/** The contests of qctl and its peers, which are installed first. */
import {execFileSync} from 'node:child_process'
import {join} from 'node:path'
import {commandContests} from './command-contests.ts'
import {hold, type Outcome} from './contest.ts'
import {peerContests} from './library-contests.ts'
import {show} from './progress.ts'

/**
 * All contests, and who took part.
 * @param onOutcome told each as it ends
 */
export async function measurePeers(onOutcome: (outcome: Outcome) => void): Promise<{readonly outcomes: readonly Outcome[]; readonly versions: readonly string[]}> {
  execFileSync('sh', [join(import.meta.dirname, 'peers/prepare.sh')], {stdio: ['ignore', 2, 2]})
  const [libraries, commands] = [await peerContests(), commandContests()]
  const outcomes: Outcome[] = []
  for (const contest of [...libraries.contests, ...commands.contests]) {
    const outcome = await hold(contest, (round, {name, setting}) => show(`${contest.title}: round ${round} of ${contest.rounds}, ${name}, ${setting.name}`))
    show('')
    onOutcome(outcome)
    outcomes.push(outcome)
  }
  return {outcomes, versions: [...libraries.versions, ...commands.versions]}
}
