import {describe, expect, test} from 'bun:test'
import {BINARY, Sandbox} from '../support/binary.ts'
import {Terminal, type TerminalOptions} from '../support/terminal.ts'
import {waitFor} from '../support/wait-for.ts'

/** A home with some jobs, and `top` on it. */
async function topOf(sandbox: Sandbox, args: readonly string[] = [], options: Partial<TerminalOptions> = {}): Promise<Terminal> {
  return Terminal.start(['top', ...args], {home: sandbox.home, ...options})
}

async function filled(): Promise<Sandbox> {
  const sandbox = new Sandbox()
  await sandbox.qctl(['produce', '-Q', 'mail', 'a', 'b', 'c'])
  return sandbox
}

const SANE = {alternate: false, cursor: true, echo: true, canonical: true}

describe('the terminal afterwards', () => {
  for (const [how, end, status] of [
    ['q', (terminal: Terminal) => terminal.keys('q'), 0],
    ['Ctrl-C', (terminal: Terminal) => terminal.keys('C-c'), 0],
    ['TERM', async (terminal: Terminal) => void process.kill(await terminal.pid(), 'SIGTERM'), 143],
    ['HUP', async (terminal: Terminal) => void process.kill(await terminal.pid(), 'SIGHUP'), 129],
  ] as const) {
    test(`is as it was before: ${how}`, async () => {
      await using terminal = await topOf(await filled())
      await terminal.shows('3 waiting, no live consumer')
      await end(terminal)
      expect(await terminal.ended()).toBe(status)
      const left = await terminal.leftovers()
      expect(left).toMatchObject(SANE)
      expect(left.text).not.toContain('qctl top')
    })
  }
})

describe('the screen', () => {
  test('follows the store and the size of the terminal', async () => {
    const sandbox = await filled()
    await using terminal = await topOf(sandbox, ['--interval', '500ms'])
    await terminal.shows('3 waiting')
    await sandbox.qctl(['produce', '-Q', 'mail', 'd'])
    await terminal.shows('4 waiting')
    await terminal.resize(120, 40)
    const wide = await terminal.shows(/─{119}/)
    expect(wide.split('\n').length).toBeLessThanOrEqual(41)
    await terminal.resize(50, 10)
    await terminal.shows('needs 60x12, this is 50x10. Make it\nlarger; q quits.')
    await terminal.resize(80, 24)
    await terminal.shows('4 waiting')
  })

  test('is whole after every change of size', async () => {
    const sandbox = await filled()
    await using terminal = await topOf(sandbox, ['--screen', 'jobs'], {columns: 120, rows: 40})
    await terminal.shows(/> +3 +mail/)
    for (const [columns, rows] of [[80, 24], [60, 24], [60, 14], [100, 30], [70, 20]] as const) {
      await terminal.resize(columns, rows)
      const whole = ['qctl top', '[2 Jobs]', '[All', 'filter: none', 'REMARK', 'mail', 'mail', 'mail', ...(rows < 15 ? [] : ['payload', 'last']), '? help']
      await waitFor(async () => {
        const lines = (await terminal.screen()).trimEnd().split('\n')
        const found = lines.flatMap(line => /qctl top|\[2 Jobs\]|\[All|filter: none|REMARK|mail|payload|last|\? help/.exec(line) ?? [])
        return lines.length === rows && found.join() === whole.join() && lines.includes('─'.repeat(columns))
      }, {what: `a whole screen of ${columns}x${rows}`})
    }
  })

  test('has no colours with NO_COLOR and no strange signs with --ascii', async () => {
    await using terminal = await topOf(await filled(), ['--ascii'], {env: {NO_COLOR: '1'}})
    await terminal.shows('3 waiting')
    const screen = await terminal.screen({colors: true})
    expect(screen).not.toContain('\u001b')
    expect([...screen].filter(character => character > '~')).toEqual([])
  })

  test('has colours otherwise, and where CI is set', async () => {
    await using terminal = await topOf(await filled(), [], {env: {CI: 'true', COLORTERM: 'truecolor'}})
    await terminal.shows('3 waiting')
    expect(await terminal.screen({colors: true})).toContain('\u001b[')
  })

  test('has nothing on it of keys that were typed before it was there, and obeys them', async () => {
    await using terminal = await topOf(await filled())
    await terminal.type('A3AAAAAAAA')
    const screen = await terminal.shows('[3 Queues]')
    expect(screen).toMatch(/^ qctl top {2}ADMIN /)
    expect(screen).not.toContain('AAA')
  })

  test('is drawn anew with Ctrl-L', async () => {
    await using terminal = await topOf(await filled())
    await terminal.shows('3 waiting')
    await terminal.scribble('\u001b[10;1Hrubbish from another program')
    await terminal.shows('rubbish from another program')
    await terminal.keys('C-l')
    await waitFor(async () => !(await terminal.screen()).includes('rubbish'), {what: 'a screen without rubbish'})
    expect((await terminal.shows('3 waiting')).trimEnd().split('\n').length).toBe(24)
  })

  test('freezes and goes on', async () => {
    const sandbox = await filled()
    await using terminal = await topOf(sandbox, ['--interval', '500ms'])
    await terminal.shows('3 waiting')
    await terminal.keys('p')
    const [clock] = /\d\d:\d\d:\d\d$/m.exec(await terminal.shows('FROZEN')) ?? []
    await sandbox.qctl(['produce', '-Q', 'mail', 'd'])
    // The clock goes on, so a tick has passed.
    await terminal.shows(new RegExp(`FROZEN \\S+ +(?!${clock})\\d\\d:`))
    expect(await terminal.screen()).toContain('3 waiting')
    await terminal.keys('p')
    await terminal.shows('4 waiting')
  })
})

describe('Ctrl-Z', () => {
  test('gives the terminal to the shell as it was; fg goes on with a whole screen', async () => {
    const sandbox = await filled()
    await using terminal = await Terminal.start(['--norc', '-i'], {home: sandbox.home, program: 'bash', env: {PS1: 'SHELL ', PS2: ''}})
    await terminal.shows('SHELL')
    await terminal.type(`${BINARY} top --screen jobs`)
    await terminal.keys('Enter')
    await terminal.shows(/> +3 +mail/)
    for (const times of [1, 2]) {
      const columns = 80 + 20 * times
      await terminal.keys('C-z')
      await terminal.shows('Stopped')
      await terminal.type(`echo seen-$((${times} + 1))`)
      await terminal.keys('Enter')
      expect(await terminal.shows(new RegExp(`^seen-${times + 1}$`, 'm'))).not.toContain('qctl top  OPS')
      await terminal.resize(columns, 24)
      await terminal.type('fg')
      await terminal.keys('Enter')
      expect(await terminal.shows(new RegExp(`^─{${columns}}$`, 'm'))).not.toContain('SHELL')
      await terminal.keys('?')
      await terminal.shows('On this screen: Jobs')
      await terminal.keys('Escape')
      await terminal.shows(/> +3 +mail/)
    }
    await terminal.keys('q')
    await terminal.shows('SHELL')
  })
})

describe('every screen', () => {
  test('has its number, its help and what is in the store', async () => {
    const sandbox = await filled()
    await using terminal = await topOf(sandbox)
    const shown: readonly (readonly [string, string, RegExp])[] = [
      ['2', 'Jobs', /> +3 +mail/], ['3', 'Queues', /> +mail/], ['4', 'Consumers', /none: qctl consume/], ['5', 'Health', /durability +full/], ['6', 'Events', /WHO/], ['1', 'Overview', /done\/min/],
    ]
    for (const [digit, title, content] of shown) {
      await terminal.keys(digit)
      await terminal.shows(`[${digit} ${title}]`)
      await terminal.shows(content)
      await terminal.keys('?')
      await terminal.shows(`On this screen: ${title}`)
      await terminal.keys('Escape')
      await terminal.shows(content)
    }
    await terminal.keys('2', 'Enter')
    await terminal.shows('[Summary]')
    await terminal.keys('q')
    await terminal.shows(/> +3 +mail/)
  })

  test('shows what would do harm harmlessly', async () => {
    const sandbox = new Sandbox()
    await sandbox.qctl(['produce', '--', `\u001b[2J\u001b]0;owned\u0007\u202e${'x'.repeat(100_000)}`])
    await using terminal = await topOf(sandbox, ['--screen', 'jobs'])
    const screen = await terminal.shows('\\x1b[2J')
    expect(screen).toContain('[2 Jobs]')
    expect(screen.trimEnd().split('\n').length).toBeLessThanOrEqual(24)
    await terminal.keys('Enter', 'Right')
    await terminal.shows('\\x1b]0;owned\\x07\\u202e')
    expect(await terminal.screen()).toContain('[2 Jobs]')
  })
})

describe('ADMIN', () => {
  test('is switched on and off, and not at all with --read-only', async () => {
    const sandbox = await filled()
    await using terminal = await topOf(sandbox)
    await terminal.shows(' OPS ')
    await terminal.keys('A')
    await terminal.shows(' ADMIN ')
    await terminal.keys('A')
    await terminal.shows(' OPS ')
    await using looking = await topOf(sandbox, ['--read-only'])
    await looking.shows(' OPS ')
    await looking.keys('A')
    await looking.shows('--read-only was given')
  })
})

describe('a form', () => {
  test('keeps every line that is pasted, and is saved with Ctrl-S from where one is', async () => {
    const sandbox = await filled()
    await using terminal = await topOf(sandbox, ['--admin', '--screen', 'queues'])
    await terminal.shows(/> +mail/)
    await terminal.keys('J', 'Tab')
    await terminal.shows('> payload')
    await terminal.type('\u001b[200~one\rtwo\rq\u001b[201~')
    await terminal.shows(String.raw`printf %b 'one\ntwo\nq' | qctl produce -Q mail -`)
    await terminal.keys('C-s')
    await terminal.shows('job 4 is in mail')
    expect(await sandbox.json(['jobs', 'show', '4'])).toMatchObject({payload: 'one\ntwo\nq'})
  })
})

describe('where there is no terminal', () => {
  test('one frame is printed, without colours', async () => {
    const sandbox = await filled()
    const {status, stdout, stderr} = await sandbox.qctl(['top'])
    expect({status, stderr}).toEqual({status: 0, stderr: ''})
    expect(stdout).toContain('3 waiting, no live consumer')
    expect(stdout).not.toContain('\u001b')
    expect(stdout.split('\n').every(line => line.length <= 100)).toBe(true)
  })

  test('no database is an error and no screen', async () => {
    const {status, stdout, stderr} = await new Sandbox().qctl(['top'])
    expect({status, stdout}).toEqual({status: 66, stdout: ''})
    expect(stderr).toContain('qctl.db')
  })

  test('a queue that does not exist is an error as elsewhere, with the one that was meant', async () => {
    const result = await (await filled()).qctl(['top', '-Q', 'mail,mial'])
    expect(result).toMatchObject({status: 66, stdout: ''})
    expect(result.stderr).toContain('did you mean mail?')
  })

  test('a format or a screen that it does not have is refused', async () => {
    const sandbox = await filled()
    expect(await sandbox.qctl(['top', '--json'])).toMatchObject({status: 2})
    const {status, stderr} = await sandbox.qctl(['top', '--screen', 'nope'])
    expect(status).toBe(2)
    expect(stderr).toContain('overview')
  })
})
