import {PRODUCE_FLAGS} from '../cli/produce-flags.ts'
import {parseAttempts, parseKey, parseName, parsePriority} from '../cli/values.ts'
import type {JobInput} from '../queue/new-job.ts'
import {parseDuration} from '../time.ts'
import {type Act, commandLine} from './acts.ts'
import {checkBy, checkUnlessEmpty} from './check.ts'
import type {Form} from './screen.ts'

type Values = Readonly<Record<string, string>>

/** A job by hand. */
export function produceForm(queue: string): Form {
  return {
    title: 'New job',
    fields: [
      {name: 'queue', label: 'queue', value: queue, check: checkBy(parseName)},
      {name: 'payload', label: 'payload', value: '', hint: 'empty is a payload of 0 bytes', hasLines: true},
      {name: 'priority', label: 'priority', value: '0', check: checkBy(parsePriority)},
      {name: 'delay', label: 'delay', value: '', hint: 'none; as in 10m', check: checkUnlessEmpty(parseDuration)},
      {name: 'key', label: 'key', value: '', hint: 'none', check: checkUnlessEmpty(parseKey)},
      {name: 'tag', label: 'tags', value: '', hint: 'none; as in a,b', check: checkUnlessEmpty(text => tagsOf(text))},
      {name: 'type', label: 'content type', value: '', hint: 'none', check: checkUnlessEmpty(PRODUCE_FLAGS.type.parse)},
      {name: 'max-attempts', label: 'attempts', value: '', hint: "the queue's", check: checkUnlessEmpty(parseAttempts)},
    ],
    cli: commandOf,
    submit: values => ({kind: 'act', act: production(values)}),
  }
}

function tagsOf(text: string): readonly string[] {
  return text.split(',').map(parseName)
}

function commandOf(values: Values): string {
  const {queue = '', payload = '', priority = '0'} = values
  const flags = ['delay', 'key', 'tag', 'type', 'max-attempts'].flatMap(name => ((values[name] ?? '') === '' ? [] : [`--${name}`, values[name] ?? '']))
  const words = ['qctl', 'produce', '-Q', queue, ...(Number(priority) === 0 ? [] : ['--priority', priority]), ...flags]
  // "-" is the name of stdin on the command line; and what cannot be shown as it is has to be spelled.
  if (payload === '-' || UNSHOWN.test(payload)) return `printf %b '${spelled(payload)}' | ${commandLine([...words, '-'])}`
  return commandLine([...words, ...(payload.startsWith('-') ? ['--'] : []), payload])
}

/** Ends of lines, and what else is no sign. */
const UNSHOWN = /[\u0000-\u001f\u007f]/

/** As printf's `%b` takes it in single quotes. */
function spelled(payload: string): string {
  const octal = (character: string): string => `\\0${character.charCodeAt(0).toString(8).padStart(3, '0')}`
  return payload.replaceAll('\\', '\\\\').replaceAll("'", octal).replaceAll('\n', '\\n').replaceAll(/[\u0000-\u001f\u007f]/g, octal)
}

function inputOf(values: Values): JobInput {
  const text = (name: string): string | undefined => (values[name] === '' ? undefined : values[name])
  const {delay, tag} = {delay: text('delay'), tag: text('tag')}
  const attempts = text('max-attempts')
  return {
    queue: values['queue'],
    payload: values['payload'] ?? '',
    priority: Number(values['priority']),
    delayMs: delay === undefined ? undefined : parseDuration(delay),
    key: text('key'),
    tags: tag === undefined ? undefined : tagsOf(tag),
    type: text('type'),
    maxAttempts: attempts === undefined ? undefined : Number(attempts),
  }
}

function production(values: Values): Act {
  return {
    title: 'Store a job',
    facts: [],
    cli: commandOf(values),
    tier: {kind: 'at_once'},
    run: async ({session}) => {
      const [job] = await session.queue.enqueue([inputOf(values)])
      if (job === undefined) throw new Error('no job came of it')
      if (job.existing) return {notice: `nothing was stored: job ${job.id} of ${job.queue} holds this key`}
      return {notice: `job ${job.id} is in ${job.queue}`, undo: takingBack(job.id)}
    },
  }
}

/** Only as long as nobody has claimed it. */
function takingBack(id: number): Act {
  return {
    title: `Take job ${id} back`,
    facts: [],
    cli: commandLine(['qctl', 'jobs', 'delete', String(id)]),
    tier: {kind: 'at_once'},
    run: async ({session, actor}) => {
      const [acted] = await session.storage.act({kind: 'delete', reason: 'taken back'}, [{id, seen: {state: 'pending', fence: 0}}], actor)
      return {notice: acted?.kind === 'changed' ? `job ${id} is gone again` : `job ${id} was taken already, and stays`}
    },
  }
}
