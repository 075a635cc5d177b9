/**
 * `qctl top`. How the pieces fit:
 * - `state.ts` says all there is to know at a moment, `reduce.ts` what an event (key, tick, answer) makes of it, without asking anybody.
 * - `program.ts` holds the state; `poll.ts` asks the store for what is shown, `deeds.ts` carries out acts; both tell the program.
 *   `beside.ts` has what takes longer than a tick may: processes, supervisord, the doctor's checks, a job held by hand.
 * - `screens/` has a file for each screen: what it remembers, what it asks, its keys, how it is drawn. `keys.ts` has the keys of all screens.
 * - `components/` draw; every text goes through `components/line.tsx`, which makes it harmless and cuts it. `theme.ts` knows colours and signs.
 */
import chalk, {type ColorSupportLevel} from 'chalk'
import {type Instance, render, renderToString} from 'ink'
import {cliActor} from '../cli/actor.ts'
import {openSession, type Session} from '../cli/session.ts'
import type {FlagValues} from '../cli/flags.ts'
import {isLiveTerminal} from '../cli/live-terminal.ts'
import {requireQueues} from '../cli/missing.ts'
import {stdout} from '../cli/papers.ts'
import type {Printer} from '../cli/print.ts'
import {colorLevel, screenWidth} from '../cli/terminal.ts'
import type {Settings} from '../config.ts'
import {QctlError} from '../errors.ts'
import {systemClock} from '../time.ts'
import {App, Sheet} from './components/app.tsx'
import {openBeside} from './beside.ts'
import {Deeds} from './deeds.ts'
import type {TOP_FLAGS} from './flags.ts'
import {Poller} from './poll.ts'
import {Program} from './program.ts'
import type {Frame, Mode} from './screen.ts'
import {TABS} from './screens/index.ts'
import {type Effect, initialState, type State} from './state.ts'
import {spareMemory} from './spare-memory.ts'
import {isAsciiOnly, themeOf} from './theme.ts'

/** How to start. */
interface TopOptions {
  readonly settings: Pick<Settings, 'db' | 'lockTimeout' | 'supervisorDir'>
  readonly db: string | null
  /** Of qctl. */
  readonly version: string
  readonly reap: (session: Session) => Promise<unknown>
  readonly names: readonly string[] | null
  readonly mode: Mode
  readonly mayAct: boolean
  readonly intervalMs: number
  readonly screen: string
  readonly ascii: boolean
  readonly colors: ColorSupportLevel
}

/** A look waits no longer for a lock than this: then the screen says so. */
const LOCK_MS = 5000
const MOST_FRAMES = 15
/** A frame on paper waits no longer than this for those who are asked beside the looks. */
const ANSWERS_MS = 5000
/** Lines of a frame on paper: as many as there may be to show. */
const PAPER_ROWS = 60
const PAPER_COLUMNS = 100

const TO_CLIPBOARD = (text: string): string => `\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`

/** What `qctl top` gets from the command. */
export interface Surroundings {
  readonly settings: Settings
  readonly print: Printer
  readonly signal: () => AbortSignal
  /** What `--db` said, for commands that are shown; `null` when they find the database without. */
  readonly db: string | null
  /** Of qctl. */
  readonly version: string
  /** Settles what dead holders left. */
  readonly reap: (session: Session) => Promise<unknown>
}

/** `qctl top`: the console on a terminal, one frame elsewhere. */
export async function top(flags: FlagValues<typeof TOP_FLAGS>, {settings, print, signal, db, version, reap}: Surroundings): Promise<void> {
  const screen = flags.screen ?? 'overview'
  if (!TABS.some(({id}) => id === screen)) {
    throw new QctlError('usage', `there is no screen "${screen}"`, {hint: `there are ${TABS.map(({id}) => id).join(', ')}`})
  }
  const options = {
    settings,
    db,
    version,
    reap,
    names: flags.queue ?? null,
    mode: flags.admin ? 'admin' : 'ops',
    mayAct: !flags['read-only'],
    intervalMs: flags.interval ?? 1000,
    screen,
    ascii: flags.ascii || isAsciiOnly(process.env),
    colors: colorLevel(settings.color, stdout, process.env),
  } as const
  if (isLiveTerminal() && !flags.once) await withoutEcho(() => runTop(options, signal()))
  else print.raw(await oneFrame(options, screenWidth(stdout) ?? PAPER_COLUMNS))
}

/** Erases the screen. */
const BLANK = '\u001b[2J\u001b[H'

/** The next frame is drawn whole, from the first line on, wherever the cursor was. */
function blank(app: Pick<Instance, 'clear'>): void {
  app.clear()
  process.stdout.write(BLANK)
}

/** Takes back what the terminal wrote of keys that were typed already: ink begins where the cursor is. */
const FRESH_LINE = '\r\u001b[K'

/** From now on keys wait for the screen, and the terminal does not write them on it. */
async function withoutEcho(run: () => Promise<void>): Promise<void> {
  process.stdin.setRawMode(true)
  process.stdout.write(FRESH_LINE)
  try {
    await run()
  } finally {
    process.stdin.setRawMode(false)
  }
}

/** The console as it is without flags, on the database of these settings. */
export function watchOn(settings: Settings, {signal, ...surroundings}: Omit<Surroundings, 'settings' | 'signal' | 'db'> & {readonly signal: AbortSignal}): Promise<void> {
  const flags = {queue: undefined, interval: undefined, screen: undefined, 'read-only': false, admin: false, ascii: false, once: false}
  return top(flags, {...surroundings, settings, signal: () => signal, db: settings.db})
}

/**
 * Shows the console on this terminal until somebody quits or the signal comes; the terminal is as it was before when this returns.
 * @throws QctlError when the database cannot be opened
 */
async function runTop(options: TopOptions, stop: AbortSignal): Promise<void> {
  const {settings} = options
  const open = (): Promise<Session> => openSession({...settings, lockTimeout: Math.min(settings.lockTimeout, LOCK_MS)}, {create: false})
  const session = await open()
  const beside = openBeside({...options, open})
  const ended = new AbortController()
  const signal = AbortSignal.any([stop, ended.signal, stdout.lost])
  let bug: unknown = null
  const onEffect = (effect: Effect): void => {
    if (effect.kind === 'quit') ended.abort()
    else if (effect.kind === 'look') poller.lookNow()
    else if (effect.kind === 'repaint') blank(app)
    else if (effect.kind === 'copy') process.stdout.write(TO_CLIPBOARD(effect.text))
    else deeds.carryOut(effect)
  }
  // A terminal that does not know its size says 0.
  const size = {columns: process.stdout.columns || 80, rows: process.stdout.rows || 24}
  const program = new Program(await startOf(options, session, size), onEffect, error => {
    bug ??= error
    ended.abort()
  })
  const poller = new Poller(session, {open, names: options.names, beside, state: program.state, tell: program.tell})
  const deeds = new Deeds({session: () => poller.session, actor: cliActor().replace(/^cli/, 'top'), beside, tell: program.tell, reap: options.reap, signal})
  chalk.level = options.colors
  // The first frame has facts in it.
  await poller.look()
  const endSparing = await spareMemory()
  // Ink draws nothing by itself where CI is set.
  const app = render(<App program={program} theme={themeOf(options)} />, {
    alternateScreen: true,
    interactive: true,
    exitOnCtrlC: false,
    incrementalRendering: true,
    maxFps: MOST_FRAMES,
    patchConsole: false,
  })
  // An error in drawing ends it; it is thrown once the terminal is as it was.
  const exit = app.waitUntilExit().finally(() => ended.abort())
  exit.catch(() => {})
  try {
    await poller.run(signal)
  } finally {
    endSparing()
    app.unmount()
    await beside.close()
    await exit
  }
  if (bug !== null) throw bug
  stop.throwIfAborted()
}

/** One frame, for paper: no cursor, and as many lines as there is something to say. */
async function oneFrame(options: TopOptions, columns: number): Promise<string> {
  const session = await openSession(options.settings, {create: false})
  const open = (): Promise<Session> => Promise.resolve(session)
  const beside = openBeside({...options, open})
  try {
    const program = new Program(await startOf(options, session, {columns, rows: PAPER_ROWS}), () => {}, raise)
    const poller = new Poller(session, {open, names: options.names, beside, state: program.state, tell: program.tell})
    await poller.lookUntilTold(ANSWERS_MS)
    chalk.level = options.colors
    const {trouble} = program.state()
    if (trouble !== null) throw new QctlError('busy', trouble.message)
    return `${renderToString(<Sheet state={program.state()} theme={themeOf(options)} />, {columns})}\n`
  } finally {
    await beside.close()
    await session.close()
  }
}

function raise(error: unknown): never {
  throw error
}

/** @throws QctlError `not_found` for a queue that was named and that does not exist */
async function startOf({names, mode, mayAct, intervalMs, screen, db}: TopOptions, {storage}: Session, size: Frame): Promise<State> {
  await requireQueues(names ?? [], storage)
  const {location} = await storage.info()
  return initialState({size, mode, mayAct, intervalMs, screen, location, db, now: systemClock.wallNow()})
}
