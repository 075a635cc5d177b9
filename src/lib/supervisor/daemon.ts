/** supervisord itself, as a process. */
import {spawn, spawnSync} from 'node:child_process'
import {QctlError} from '../errors.ts'
import {isStillThere, readStat} from '../process.ts'
import {monotonicMs, sleep} from '../time.ts'
import type {SupervisorClient} from './client.ts'
import type {Place} from './place.ts'

/** Whether it is installed. */
export function hasSupervisord(): boolean {
  return spawnSync('supervisord', ['--version'], {stdio: 'ignore'}).status === 0
}

const ANSWERS_WITHIN_MS = 15_000
const LOOK_EVERY_MS = 50

/**
 * Starts supervisord in the background and waits until it answers.
 * @throws QctlError `unavailable` when it is not installed or does not start
 */
export async function startSupervisord(
  {configuration, log}: Place,
  client: SupervisorClient,
  signal: AbortSignal,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const {status, said} = await runSupervisord(configuration, environment)
  if (status !== 0) throw new QctlError('unavailable', `supervisord does not start: ${said}`, {hint: `see ${configuration}`})
  const begin = monotonicMs()
  while (!(await client.isThere())) {
    signal.throwIfAborted()
    if (monotonicMs() - begin > ANSWERS_WITHIN_MS) throw new QctlError('unavailable', 'supervisord was started and does not answer', {hint: `see ${log}`})
    await sleep(LOOK_EVERY_MS, signal)
  }
}

/** Ends supervisord with all its processes and waits until it is gone, which is later than that it stops answering. */
export async function endSupervisord(client: SupervisorClient, signal: AbortSignal): Promise<void> {
  const pid = await client.pid()
  const daemon = {pid, startTime: readStat(pid)?.startTime ?? ''}
  await client.shutdown()
  while (isStillThere(daemon) || (await client.isThere())) {
    signal.throwIfAborted()
    await sleep(LOOK_EVERY_MS, signal)
  }
}

/** It goes into the background by itself, and its first process ends then. */
function runSupervisord(configuration: string, env: NodeJS.ProcessEnv): Promise<{readonly status: number | null; readonly said: string}> {
  return new Promise((resolve, reject) => {
    const child = spawn('supervisord', ['-c', configuration], {env, stdio: ['ignore', 'pipe', 'pipe']})
    let text = ''
    const keep = (chunk: Uint8Array): void => {
      text = (text + Buffer.from(chunk).toString('utf8')).slice(-4096)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.once('error', cause => reject(notInstalled(cause)))
    // Not "close": the daemon may keep the pipes.
    child.once('exit', status => resolve({status, said: lastLine(text)}))
  })
}

function notInstalled(cause: NodeJS.ErrnoException): QctlError {
  if (cause.code !== 'ENOENT') return new QctlError('unavailable', `supervisord cannot be started: ${cause.message}`, {cause})
  return new QctlError('unavailable', 'supervisord is not installed', {
    cause,
    hint: 'on Debian: apt-get install supervisor; or use qctl supervisor init --format systemd or procfile',
  })
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').findLast(line => line !== '' && !line.startsWith('For help')) ?? 'it says nothing'
}
