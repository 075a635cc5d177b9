/** The headers a job is posted with. */
import {createHash} from 'node:crypto'
import {readFileSync} from 'node:fs'
import {validateHeaderName, validateHeaderValue} from 'node:http'
import {QctlError} from '../errors.ts'
import type {Lease} from '../job.ts'
import {toIso} from '../time.ts'
import type {RunContext} from './handler.ts'

type Headers = Readonly<Record<string, string>>

/** What describes the message belongs to whoever writes it. */
const OURS = /^(host|connection|content-length|content-type|transfer-encoding|expect|upgrade|idempotency-key|qctl-.*)$/i

/**
 * What the receiver is told of a job.
 * @param own those of every request of this consumer
 */
export function jobHeaders(own: Headers, lease: Lease, context: RunContext): Headers {
  return {
    'user-agent': 'qctl',
    accept: '*/*',
    'accept-encoding': 'identity',
    ...own,
    'content-type': lease.contentType ?? 'application/octet-stream',
    'idempotency-key': idempotencyKey(lease),
    'qctl-job-id': String(lease.id),
    'qctl-queue': lease.queue,
    'qctl-attempt': String(lease.attempt),
    'qctl-max-attempts': String(context.maxAttempts),
    'qctl-fence': String(lease.fence),
    'qctl-consumer': context.consumer,
    // Any text can be a key, but not a header.
    ...(lease.key !== null && {'qctl-key': encodeURIComponent(lease.key)}),
    ...(context.deadline !== null && {'qctl-deadline': toIso(context.deadline)}),
    ...(lease.file && {'qctl-file': 'true'}),
  }
}

/**
 * The same in every run of a job, so that the receiver can tell one that it has done already. Ids begin at 1 in every
 * database, and one receiver may serve several: so the job itself goes into it.
 */
function idempotencyKey({id, queue, createdAt, payload}: Lease): string {
  const digest = createHash('sha256').update(`${id} ${createdAt} ${queue} `).update(payload).digest('hex').slice(0, 24)
  return `qctl-${id}-${digest}`
}

/**
 * Reads a file of headers, `Name: value` per line. Secrets belong there: what is on a command line everybody can see.
 * @throws QctlError `not_found`, `permission`, `cannot_open`; `bad_config` for a line that is no header
 */
export function readHeaderFile(path: string): Headers {
  const lines = readText(path).split(/\r?\n/).entries()
  return Object.fromEntries([...lines].flatMap(([i, line]) => (/^\s*(#|$)/.test(line) ? [] : [headerOf(line, `${path}, line ${i + 1}`)])))
}

function headerOf(line: string, where: string): readonly [string, string] {
  const [, name = '', value = ''] = /^([^:]+):\s*(.*?)\s*$/.exec(line) ?? []
  if (OURS.test(name)) throw new QctlError('bad_config', `${where}: ${name} is set by qctl`)
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  } catch {
    // The value may be a secret.
    throw new QctlError('bad_config', `${where}: no header`, {hint: 'write it like Authorization: Bearer …'})
  }
  return [name.toLowerCase(), value]
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new QctlError('not_found', `${path} does not exist`)
    if (code === 'EACCES' || code === 'EPERM') throw new QctlError('permission', `${path} may not be read`)
    throw new QctlError('cannot_open', `${path} cannot be read: ${code}`)
  }
}
