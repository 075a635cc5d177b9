import {execFile} from 'node:child_process'
import {existsSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {BINARY} from './binary.ts'
import {scratchDirectory} from './scratch.ts'
import {waitFor} from './wait-for.ts'

const run = promisify(execFile)

/** How to start a terminal. */
export interface TerminalOptions {
  readonly columns?: number
  readonly rows?: number
  /** Added to PATH, HOME, TZ and a UTF-8 locale; nothing else is passed on. */
  readonly env?: Readonly<Record<string, string>>
  readonly home: string
  /** What is run; the binary when absent. */
  readonly program?: string
}

/** A real terminal (tmux) in which the binary runs, driven by keys. `await using` ends it. */
export class Terminal {
  static #count = 0
  readonly #socket: string
  /** The exit status of the binary ends up here. */
  readonly #status: string
  readonly #pidFile: string

  private constructor() {
    Terminal.#count += 1
    this.#socket = `qctl-test-${process.pid}-${Terminal.#count}`
    const directory = scratchDirectory()
    this.#status = join(directory, 'status')
    this.#pidFile = join(directory, 'pid')
  }

  /** Starts the binary in a new terminal. */
  static async start(args: readonly string[], {columns = 80, rows = 24, env = {}, home, program = BINARY}: TerminalOptions): Promise<Terminal> {
    const terminal = new Terminal()
    const environment = {PATH: process.env['PATH'] ?? '', HOME: home, TZ: 'UTC', LANG: 'C.UTF-8', ...env}
    const words = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
    // The shell stays, so that what the binary leaves of the terminal can be looked at.
    const script = `sh -c 'echo $$ > "$0"; exec "$@"' "$0" "$@"; s=$?; stty -a > "$1.stty"; echo $s > "$STATUS"; echo AFTERWARDS; exec sleep 600`
    const command = ['env', '-i', ...words, 'TERM=tmux-256color', `STATUS=${terminal.#status}`, 'sh', '-c', script.replaceAll('"$1.stty"', '"$STATUS.stty"'), terminal.#pidFile, program, ...args]
    await terminal.#tmux('new-session', '-d', '-s', 's', '-x', String(columns), '-y', String(rows), ...command)
    await terminal.#tmux('set-option', '-g', 'escape-time', '0')
    return terminal
  }

  /** What is on the screen now, without blanks at the ends of lines. */
  async screen(options: {readonly colors?: boolean} = {}): Promise<string> {
    return this.#tmux('capture-pane', '-p', ...(options.colors === true ? ['-e'] : []), '-t', 's')
  }

  /** Presses keys by tmux' names: `j`, `Enter`, `Escape`, `C-c`, `Up`. */
  async keys(...names: readonly string[]): Promise<void> {
    await this.#tmux('send-keys', '-t', 's', ...names)
  }

  /** Types a text as it is. */
  async type(text: string): Promise<void> {
    await this.#tmux('send-keys', '-l', '-t', 's', text)
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-t', 's', '-x', String(columns), '-y', String(rows))
  }

  /** Writes on the screen past the binary, as another program on that terminal would. */
  async scribble(text: string): Promise<void> {
    writeFileSync((await this.#tmux('display', '-p', '-t', 's', '#{pane_tty}')).trim(), text)
  }

  /** Waits until the screen shows something. */
  async shows(what: string | RegExp, deadlineMs = 10_000): Promise<string> {
    let last = ''
    const has = async (): Promise<string | null> => {
      last = await this.screen()
      return (typeof what === 'string' ? last.includes(what) : what.test(last)) ? last : null
    }
    return waitFor(has, {deadlineMs, what: `${String(what)} on the screen`}).catch((error: unknown) => {
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${last}`)
    })
  }

  /** The process of the binary. */
  async pid(): Promise<number> {
    return Number(await waitFor(() => existsSync(this.#pidFile) && readFileSync(this.#pidFile, 'utf8').trim()))
  }

  /** Waits for the end of the binary and gives its exit status. */
  async ended(): Promise<number> {
    const text = await waitFor(() => existsSync(this.#status) && readFileSync(this.#status, 'utf8').trim(), {what: 'the end of the binary'})
    return Number(text)
  }

  /** What is left of the terminal's settings when the binary has ended. */
  async leftovers(): Promise<{readonly alternate: boolean; readonly cursor: boolean; readonly echo: boolean; readonly canonical: boolean; readonly text: string}> {
    const text = await this.shows('AFTERWARDS')
    const [alternate, cursor] = (await this.#tmux('display', '-p', '-t', 's', '#{alternate_on} #{cursor_flag}')).trim().split(' ')
    const stty = readFileSync(`${this.#status}.stty`, 'utf8')
    return {alternate: alternate === '1', cursor: cursor === '1', echo: /(^|\s)echo(\s|;|$)/.test(stty), canonical: /(^|\s)icanon(\s|;|$)/.test(stty), text}
  }

  async #tmux(...args: readonly string[]): Promise<string> {
    const {stdout} = await run('tmux', ['-L', this.#socket, '-f', '/dev/null', ...args], {timeout: 20_000})
    return stdout
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux('kill-server').catch(() => {})
  }
}
