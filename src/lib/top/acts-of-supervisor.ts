import {counted} from '../cli/counted.ts'
import {parseCount} from '../cli/flags.ts'
import {changeSentence} from '../cli/supervisor-report.ts'
import {QctlError} from '../errors.ts'
import {fullName} from '../supervisor/client.ts'
import {startSupervisord} from '../supervisor/daemon.ts'
import type {Change} from '../supervisor/operate.ts'
import type {ProcessStatus} from '../supervisor/status.ts'
import {type Act, commandLine, type Done, type Hands} from './acts.ts'
import {checkBy} from './check.ts'
import type {Move} from './screen.ts'
import type {Supervision, SupervisorDesk} from './supervisor-desk.ts'

type Supervisor = Pick<Supervision, 'wanted' | 'most'>

/** Asks how many consumers there are to be. */
export function scale({wanted, most}: Supervisor): Move {
  const parse = (text: string): number => {
    const count = parseCount(text)
    if (count > most) throw new QctlError('usage', `this supervisord is set up for ${most} at most`)
    return count
  }
  return {
    kind: 'prompt',
    prompt: {label: `how many consumers (now ${wanted}, at most ${most})?`, text: String(wanted), check: checkBy(parse), submit: text => scaled(parse(text), wanted)},
  }
}

function scaled(count: number, wanted: number): Move {
  if (count === wanted) return {kind: 'notice', text: `there are ${count} already`}
  const by = Math.abs(count - wanted)
  const started = `${by} ${by === 1 ? 'is' : 'are'} started`
  const ended = by === 1 ? '1 finishes what it has and ends' : `${by} finish what they have and end`
  return {
    kind: 'act',
    act: {
      title: `Have ${counted(count, 'consumer')} instead of ${wanted}?`,
      facts: [`${count > wanted ? started : ended}; the others are left alone.`, 'supervisord keeps the number when it is restarted. Undo: scale back.'],
      cli: commandLine(['qctl', 'supervisor', 'scale', String(count)]),
      tier: {kind: 'ask'},
      run: hands => changing(hands, ({operator}) => operator.scale(count)),
    },
  }
}

const VERBS = {
  start: {facts: 'It is started, and has to last a second.', tier: {kind: 'at_once'}},
  stop: {facts: 'It takes no more, finishes what it has, and stays away until it is started.', tier: {kind: 'ask'}},
  restart: {facts: 'It takes no more, finishes what it has, ends, and is started again.', tier: {kind: 'ask'}},
} as const

/** Does something to one process. */
export function operate(verb: keyof typeof VERBS, process: ProcessStatus): Act {
  const {facts, tier} = VERBS[verb]
  const name = fullName(process)
  const jobs = process.consumer?.jobs ?? 0
  return {
    title: `${verb[0]?.toUpperCase()}${verb.slice(1)} ${name}?`,
    facts: [facts, jobs === 0 ? 'It has no job now.' : `It has ${jobs} ${jobs === 1 ? 'job' : 'jobs'} in hand.`],
    cli: commandLine(['qctl', 'supervisor', verb, name]),
    tier,
    run: hands => changing(hands, async ({client, operator}) => operator[verb]((await client.processes()).filter(one => fullName(one) === name))),
  }
}

/** Starts supervisord itself, and all that it starts. */
export function startAll(): Act {
  return {
    title: 'Start supervisord?',
    facts: ['It is not running. With it start the reaper and as many consumers as were wanted last.'],
    cli: commandLine(['qctl', 'supervisor', 'start']),
    tier: {kind: 'ask'},
    run: hands => changing(hands, async ({place, client, operator}) => {
      if (!(await client.isThere())) await startSupervisord(place, client, hands.signal)
      return [...(await operator.start(await operator.wanted())), ...(await operator.endStrays())]
    }),
  }
}

async function changing({beside, signal}: Hands, change: (hands: ReturnType<SupervisorDesk['hands']>) => Promise<readonly Change[]>): Promise<Done> {
  const changes = await change(beside.supervisor.hands(signal)).finally(() => beside.supervisor.changed())
  const failed = changes.find(({done}) => done === 'failed')
  if (failed !== undefined) throw new QctlError('unavailable', `${failed.name} ${changeSentence(failed)}`)
  return {notice: changes.length === 0 ? 'nothing to do' : changes.map(one => `${one.name} ${changeSentence(one)}`).join(', ')}
}
