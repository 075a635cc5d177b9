import type {ReactNode} from 'react'
import {formatDurationShort} from '../../time.ts'
import {answerJob} from '../acts-of-hand.ts'
import {type Fact, FactLines} from '../components/facts.tsx'
import {Line} from '../components/line.tsx'
import {Rule} from '../components/rule.tsx'
import type {HandView, InHand} from '../hand.ts'
import {defineScreen, type Key, type Moment, type Move} from '../screen.ts'
import {clockTime, size} from '../shown.ts'
import {wrapped} from '../words.ts'

type Own = Readonly<Record<string, never>>
type Facts = HandView

const isHeld = ({facts}: Moment<Own, Facts>): boolean => facts !== null && facts.job !== null

function answerKey(name: string, label: string, help: string, lead: (job: InHand) => Move): Key<Own, Facts> {
  return {keys: [name], label, help, acts: true, when: isHeld, press: ({facts}) => (facts?.job == null ? [] : (lead(facts.job) as Move<Own>))}
}

/** The job that somebody took by hand. */
export const HAND = defineScreen<Own, Facts>({
  id: 'hand',
  title: 'In your hand',
  digit: null,
  start: {},
  keys: [
    answerKey('D', 'done', 'it is done', ({lease}) => ({kind: 'act', act: answerJob(lease, {kind: 'done', result: null})})),
    answerKey('F', 'failed', 'it failed: it comes again, if attempts are left', ({lease}) => ({
      kind: 'prompt',
      prompt: {label: 'why did it fail?', text: '', check: text => (text.trim() === '' ? 'a few words, for whoever looks at the job' : null), submit: error => ({kind: 'act', act: answerJob(lease, {kind: 'failed', error: error.trim(), retryAfterMs: null})})},
    })),
    answerKey('R', 'release', 'give it back unharmed; the attempt does not count', ({lease}) => ({kind: 'act', act: answerJob(lease, {kind: 'released'})})),
    {
      keys: ['esc', 'q'],
      label: '',
      help: 'back; the job stays in your hand',
      when: isHeld,
      press: ({facts}) => [{kind: 'back'}, {kind: 'notice', text: `job ${facts?.job?.lease.id} is still in your hand: t on the screen Queues shows it`, tone: 'warning'}],
    },
  ],
  look: async (_own, {beside}) => beside.hand.view,
  View: HandShown,
})

/** So much of a payload is shown. */
const SHOWN_BYTES = 64 * 1024

function HandShown({facts, at, frame}: Moment<Own, Facts>): ReactNode {
  const {columns: width, rows: height} = frame
  if (facts === null) return <Line words=" looking ..." width={width} tone="dim" />
  const {job, news} = facts
  if (job === null) return <Line words={` Your hand is empty. ${news ?? 'T on the screen Queues takes a job.'}`} width={width} />
  const {lease} = job
  const about = factsOf(job, at)
  const payload = payloadLines(lease.payload, width - 2)
  const room = Math.max(1, height - about.length - 3)
  return (
    <>
      <Rule width={width} title={`Job ${lease.id} of ${lease.queue} is in your hand`} />
      <FactLines facts={about} width={width} height={about.length} />
      <Rule width={width} title={`${lease.file ? 'File' : 'Payload'} ${size(lease.payload.length)}${payload.length > room ? `, ${room} of ${payload.length} lines` : ''}`} />
      {payload.slice(0, room).map((line, nth) => (
        <Line key={nth} words={[' ', line]} width={width} />
      ))}
      <Line words={[' ', {text: 'Say what became of it: D done, F failed, R release.', tone: 'warning'}]} width={width} />
    </>
  )
}

function factsOf({lease, consumer, maxAttempts}: InHand, now: number): readonly Fact[] {
  return [
    ['attempt', `${lease.attempt} of ${maxAttempts}, run ${lease.fence}`],
    ['held', `for ${formatDurationShort(Math.max(0, now - lease.startedAt))}, by ${consumer}; the lease of ${formatDurationShort(lease.leaseMs)} is kept, no time limit`],
    ['created', `${clockTime(lease.createdAt)}, ${formatDurationShort(Math.max(0, lease.startedAt - lease.createdAt))} before it was taken; priority ${lease.priority}`],
    ['labels', `key ${lease.key ?? 'none'}, tags ${lease.tags.length === 0 ? 'none' : lease.tags.join(',')}, type ${lease.contentType ?? 'none'}`],
  ]
}

function payloadLines(payload: Uint8Array, width: number): readonly string[] {
  const text = new TextDecoder().decode(payload.subarray(0, SHOWN_BYTES))
  return text.split('\n').flatMap(line => wrapped(line, Math.max(1, width)))
}
