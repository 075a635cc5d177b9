import type {Session} from '../../src/lib/cli/session.ts'
import {bareEnd, type Outcome} from '../../src/lib/outcome.ts'
import {identifySelf} from '../../src/lib/process.ts'

/** Text that would do harm on a terminal: colours, the cursor, direction, ends of lines, double width. */
export const HOSTILE = '\u001b[31mred\u001b[2J\u202e\u0000\r\n\u2028漢字👩‍👩‍👧é'

/**
 * Puts something of everything into a store.
 * @param text stands wherever text may come from outside
 */
export async function busyScene({queue, storage}: Session, text = HOSTILE): Promise<void> {
  const registered = await storage.register({name: 'web1:mail-00', process: identifySelf(), queues: ['mail', 'reports'], concurrency: 4, replaces: null})
  if (registered.kind !== 'registered') throw new Error('the name is taken')
  await queue.enqueue(Array.from({length: 30}, (_, at) => ({queue: 'mail', payload: at === 7 ? text : `{"to":"ann${at}@example.com"}`, tags: ['welcome']})))
  await queue.enqueue([{queue: 'import', payload: 'x'.repeat(5000)}, {queue: 'reports', payload: 'later', delayMs: 3_600_000}])
  await storage.setQueue('paused', {create: 'must', paused: {paused: true, reason: text}})
  const claim = {consumerId: registered.id, queues: ['mail'], leaseMs: null}
  const outcomes: readonly Outcome[] = [
    {kind: 'done', result: null},
    {kind: 'failed', error: text, retryAfterMs: null},
    {kind: 'rejected', reason: 'permanent', error: `bad ${text}`},
  ]
  for (const [at, lease] of (await queue.claim({...claim, limit: 9})).entries()) {
    const outcome = outcomes[at % outcomes.length]
    if (outcome !== undefined) await queue.settle([{lease, end: bareEnd(outcome)}])
  }
  await queue.claim({...claim, limit: 2})
}
