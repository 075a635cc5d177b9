/** Servers that run for one measurement only: on a socket in its directory, gone with the process that started them. */
import {type ChildProcess, execFileSync, spawn} from 'node:child_process'
import {once} from 'node:events'
import {chownSync} from 'node:fs'
import {createInterface} from 'node:readline'
import type {Running} from './peer.ts'

/** Who the server runs as. */
export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

export interface Command {
  readonly command: readonly [string, ...string[]]
  readonly cwd: string
  /** Who it runs as, when this is root and it refuses to be. */
  readonly as?: Account | null
  /** Ends it without losing anything. */
  readonly signal: 'SIGTERM' | 'SIGINT'
}

const STOP_MS = 10_000

/**
 * The account of that name if this is root, else `null`.
 * @throws when root has no such account
 */
export function accountForRoot(name: string): Account | null {
  if (process.getuid?.() !== 0) return null
  const id = (flag: string): number => Number(execFileSync('id', [flag, name], {encoding: 'utf8'}))
  return {name, uid: id('-u'), gid: id('-g')}
}

/** Gives the server its directory. */
export function hand(directory: string, account: Account | null): void {
  if (account !== null) chownSync(directory, account.uid, account.gid)
}

/** The command as that account, told to end when this process does. */
export function asGuest({command, as = null}: Pick<Command, 'command' | 'as'>): [string, ...string[]] {
  const identity = as === null ? [] : [`--reuid=${as.uid}`, `--regid=${as.gid}`, '--clear-groups']
  return ['setpriv', '--pdeathsig', 'KILL', ...identity, ...command]
}

/**
 * Starts a server.
 * @param isReady told each line it prints, until it is true
 * @throws with what it printed when it ends before that
 */
export async function startServer(command: Command, isReady: (line: string) => boolean): Promise<Running> {
  const [program, ...args] = asGuest(command)
  const child = spawn(program, args, {cwd: command.cwd, stdio: ['ignore', 'pipe', 'pipe']})
  const stop = (): Promise<void> => end(child, command.signal)
  const printed: string[] = []
  await new Promise<void>((resolve, reject) => {
    const hear = (line: string): void => {
      printed.push(line)
      if (isReady(line)) resolve()
    }
    for (const stream of [child.stdout, child.stderr]) createInterface({input: stream}).on('line', hear)
    child.on('error', reject)
    child.on('exit', code => reject(new Error(`${command.command[0]} exited ${code}: ${printed.slice(-3).join(' / ')}`)))
  })
  return {stop}
}

async function end(child: ChildProcess, signal: Command['signal']): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await exited
  clearTimeout(late)
}
