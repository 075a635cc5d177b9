/** The contests of the programs that run commands: what a shell script gets of each. */
import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {binary} from './binary.ts'
import type {CommandPeer} from './commands/command-peer.ts'
import {nq} from './commands/nq.ts'
import {parallel} from './commands/parallel.ts'
import {qctl} from './commands/qctl.ts'
import {tsp} from './commands/tsp.ts'
import {xargs} from './commands/xargs.ts'
import type {Contest, Entry, Turn} from './contest.ts'
import {Tally} from './peers/tally.ts'
import {newPath} from './scratch.ts'
import {roundsOr, scaled} from './size.ts'
import {median, perSecond} from './statistics.ts'

const PEERS: readonly CommandPeer[] = [qctl, tsp, nq, xargs, parallel]
/** How many commands a script has run. */
const BATCH = scaled(500)
const LOG = 'log'
/** Writes down the number of its job. A file of its own, because GNU parallel hands a command to a shell once more. */
const RECORD = `#!/bin/sh
[ $# -gt 0 ] || read -r n
echo "\${1:-$n}" >> ${LOG}
`

/** `true` for each of many jobs, and the submission of one. */
export function commandContests(): {readonly contests: readonly Contest[]; readonly versions: readonly string[]} {
  return {
    contests: [
      {
        title: 'Run a command for each job', unit: 'jobs/s', rounds: roundsOr(5), rehearsal: true, entries: PEERS.map(batchEntry),
        rules: `A shell script submits \`true\` ${BATCH} times and has it run two at a time, with all starting and ending. In a rehearsal each job writes itself down.`,
      },
      {
        title: 'Submit one from a shell', unit: 'ms', rounds: roundsOr(5), rehearsal: false, entries: PEERS.flatMap(submitEntry),
        rules: 'The whole process that submits one job: the median of a round.',
      },
    ],
    versions: PEERS.slice(1).map(({name, version}) => `${name} ${version()}`),
  }
}

function batchEntry(peer: CommandPeer): Entry {
  return {
    contender: {name: peer.name, setting: peer.setting, isDefault: true},
    // The turn that does not count runs a command that tells.
    turn: async last => inDirectory(peer, shell => (last === null ? checked(shell, peer) : timed(shell, peer))),
  }
}

function timed(shell: Shell, {batch}: CommandPeer): Turn {
  const from = performance.now()
  shell.run(batch, BATCH, ['true'])
  return {kind: 'measured', value: perSecond(BATCH, performance.now() - from), lost: 0, doubled: 0}
}

function checked(shell: Shell, {batch}: CommandPeer): Turn {
  shell.run(batch, BATCH, [shell.program('record', RECORD)])
  const tally = new Tally(BATCH)
  for (const n of shell.read(LOG).trimEnd().split('\n')) tally.add(Number(n) - 1)
  return {kind: 'measured', value: BATCH, lost: tally.lost, doubled: tally.doubled}
}

function submitEntry(peer: CommandPeer): readonly Entry[] {
  const {submit} = peer
  if (submit === undefined) return []
  const jobs = scaled(40)
  return [{
    contender: {name: peer.name, setting: peer.setting, isDefault: true},
    turn: async () => inDirectory(peer, shell => {
      const ms = Array.from({length: jobs}, () => shell.time(submit.command))
      const known = Number(shell.run(submit.count, jobs, []))
      return {kind: 'measured', value: median(ms), lost: Math.max(0, jobs - known), doubled: Math.max(0, known - jobs)}
    }),
  }]
}

/** In an empty directory, and leaving nothing behind. */
function inDirectory(peer: CommandPeer, act: (shell: Shell) => Turn): Turn {
  const shell = new Shell(peer)
  try {
    if (peer.begin !== undefined) shell.run(peer.begin, 0, [])
    return act(shell)
  } catch (error) {
    return {kind: 'failed', why: error instanceof Error ? error.message : String(error)}
  } finally {
    shell.close()
  }
}

/** Runs a peer's scripts. */
class Shell {
  readonly #directory = newPath('commands')
  readonly #environment: Record<string, string>
  readonly #end: string | undefined

  constructor({environment = {}, end}: CommandPeer) {
    mkdirSync(this.#directory)
    this.#end = end
    this.#environment = {
      PATH: `${dirname(binary())}:${process.env['PATH'] ?? ''}`, HOME: this.#directory, TZ: 'UTC', QCTL_DB: join(this.#directory, 'qctl.db'), ...environment,
    }
  }

  /**
   * @param command what stands in `"$@"`
   * @returns what it printed
   * @throws when it fails
   */
  run(script: string, jobs: number, command: readonly string[]): string {
    const {exitCode, stdout, stderr} = Bun.spawnSync(['sh', '-eu', '-c', script, 'sh', ...command], {
      ...this.#options, env: {...this.#environment, N: String(jobs)}, stdout: 'pipe', stderr: 'pipe',
    })
    if (exitCode !== 0) throw new Error(`${script.split('\n')[0]}: exit ${exitCode}: ${stderr.toString().trim()}`)
    return stdout.toString()
  }

  /** Runs one command. Returns how long it took, ms. */
  time(command: readonly string[]): number {
    const from = performance.now()
    const {exitCode} = Bun.spawnSync([...command], {...this.#options, env: this.#environment, stdout: 'ignore', stderr: 'ignore'})
    const ms = performance.now() - from
    if (exitCode !== 0) throw new Error(`${command.join(' ')} exited ${exitCode}`)
    return ms
  }

  /** Puts a program into the directory. Returns how to call it. */
  program(name: string, text: string): string {
    writeFileSync(join(this.#directory, name), text, {mode: 0o755})
    return `./${name}`
  }

  /** A file it wrote. */
  read(name: string): string {
    const path = join(this.#directory, name)
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }

  close(): void {
    if (this.#end !== undefined) Bun.spawnSync(['sh', '-c', this.#end], {...this.#options, env: this.#environment})
    rmSync(this.#directory, {recursive: true, force: true})
  }

  get #options() {
    return {cwd: this.#directory, stdin: 'ignore'} as const
  }
}
