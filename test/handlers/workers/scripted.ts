/**
 * A worker that does what the payloads say, one job after the other: `ok`, `fail`, `exit 3`, `print hello`, … Notes every job as it
 * begins and ends in the file named by its first argument.
 */
import {appendFileSync} from 'node:fs'
import {createInterface} from 'node:readline'

interface Job {
  readonly id: number
  readonly fence: number
  readonly payload: string
}

const [, , ledger = '', atStart = ''] = process.argv

function note(text: string): void {
  appendFileSync(ledger, `${text} ${process.pid}\n`)
}

function say(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

async function work({id, fence, payload}: Job): Promise<void> {
  const [verb = '', rest = ''] = payload.split(/ (.*)/s)
  const done = (): void => say({id, fence, ok: true, result: payload})
  switch (verb) {
    case 'ok':
      return done()
    case 'say':
      return say({id, fence, ...JSON.parse(rest)})
    case 'print':
      process.stdout.write(`${rest}\n`)
      return done()
    case 'whisper':
      process.stderr.write(`${rest}\n`)
      return done()
    case 'exit':
      process.stderr.write('last words\n')
      return process.exit(Number(rest))
    case 'die':
      process.kill(process.pid, 'SIGKILL')
      return new Promise(() => {})
    case 'once':
      // At its first run only.
      return fence === 1 ? work({id, fence, payload: rest}) : done()
    case 'twice':
      done()
      return done()
    case 'old':
      say({id, fence: fence - 1, ok: true})
      return done()
    case 'other':
      say({id: id + 1000, fence, ok: true})
      return done()
    case 'sleep':
      await Bun.sleep(Number(rest))
      return done()
    case 'grow':
      grown.push(Buffer.alloc(Number(rest) * 1024 * 1024, 1))
      return done()
    case 'hang':
      process.on('SIGTERM', () => note('TERM'))
      return new Promise(() => {})
  }
}

/** What was grown. */
const grown: Uint8Array[] = []

if (atStart === 'broken') throw new Error('broken from the start')
if (atStart === 'banner') console.log('Starting worker…')
note('worker')
for await (const line of createInterface({input: process.stdin})) {
  const job = JSON.parse(line) as Job
  note(`begin ${job.id}:${job.fence}`)
  await work(job)
  note(`end ${job.id}:${job.fence}`)
}
note('bye')
