/** The npm package: the same source, compiled by tsc, under Node. `npm test` builds it and brings the Node. */
import {beforeAll, expect, test} from 'bun:test'
import {existsSync, mkdirSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {scratchDirectory} from '../support/scratch.ts'

const ROOT = join(import.meta.dirname, '../..')
const NODE = join(ROOT, 'test/.node/node')

beforeAll(() => {
  for (const path of [NODE, join(ROOT, 'dist/node/index.js')]) {
    if (!existsSync(path)) throw new Error(`${path} is missing: run the tests with npm test, which makes it`)
  }
})

async function node(args: readonly string[], cwd: string, input = ''): Promise<{status: number; stdout: string; stderr: string}> {
  const child = Bun.spawn([NODE, ...args], {cwd, stdin: Buffer.from(input), stdout: 'pipe', stderr: 'pipe', env: {PATH: process.env['PATH'] ?? '', HOME: cwd}})
  const [stdout, stderr, status] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited])
  return {status, stdout, stderr}
}

test('bin/run.js produces, consumes and lists', async () => {
  const cwd = scratchDirectory()
  const qctl = (...args: readonly string[]) => node([join(ROOT, 'bin/run.js'), '--db', join(cwd, 'q.db'), ...args], cwd)
  expect(await qctl('produce', 'hello', 'world')).toMatchObject({status: 0, stdout: '1\n2\n'})
  expect(await qctl('consume', '--drain', '-q', '--', 'cat')).toMatchObject({status: 0, stderr: ''})
  const listed = await qctl('jobs', 'list', '--json')
  expect((JSON.parse(listed.stdout) as {items: {state: string}[]}).items.map(({state}) => state)).toEqual(['done', 'done'])
})

test('a handler reports to its consumer, and can go on printing after qctl has', async () => {
  const cwd = scratchDirectory()
  const program = join(ROOT, 'bin/run.js')
  const qctl = (...args: readonly string[]) => node([program, '--db', join(cwd, 'q.db'), ...args], cwd)
  await qctl('produce', 'x')
  const script = `"$0" "$1" job progress 40 --json; "$0" "$1" job result made; QCTL_FENCE=2 "$0" "$1" job progress 50; echo status $?`
  expect(await qctl('consume', '--drain', '-q', '--', 'sh', '-c', script, NODE, program)).toMatchObject({status: 0, stderr: ''})
  expect(JSON.parse((await qctl('jobs', 'show', '1', '--json')).stdout)).toMatchObject({state: 'done', progress: 0.4, result: 'made'})
  expect((await qctl('jobs', 'show', '1')).stdout).toContain('status 4')
})

test('import {openQueue} from qctl', async () => {
  const cwd = scratchDirectory()
  mkdirSync(join(cwd, 'node_modules'))
  symlinkSync(ROOT, join(cwd, 'node_modules/qctl'))
  const program = `
    import {openQueue} from 'qctl'
    const queue = await openQueue('q.db', {create: true})
    await queue.enqueue({payload: 'a'}, {payload: 'b'})
    const seen = []
    await queue.consume(job => { seen.push(job.text()) }, {drain: true})
    console.log(seen.join(' '))
    await queue.close()`
  writeFileSync(join(cwd, 'program.mjs'), program)
  expect(await node(['program.mjs'], cwd)).toMatchObject({status: 0, stdout: 'a b\n'})
})

test.each([
  ['a poll', 5, 0],
  ['news that was gathered', 3_600_000, 1],
])('who is told by %s and closes the store then does not keep the process, though a job comes due soon', async (_, pollMs, moreJobs) => {
  const cwd = scratchDirectory()
  const program = `
    import {openStorage} from '${join(ROOT, 'dist/node/lib/storage/open.js')}'
    import {Queue} from '${join(ROOT, 'dist/node/lib/queue/queue.js')}'
    const storage = await openStorage('q.db', {create: true})
    const queue = new Queue(storage)
    await queue.enqueue([{payload: 'x', delayMs: 8000}])
    let closedAt
    const end = storage.watch(() => {
      end()
      void storage.close()
      closedAt = performance.now()
    }, ${pollMs}, () => false)
    if (${moreJobs} > 0) await queue.enqueue([{payload: 'y'}])
    process.on('exit', () => console.log(performance.now() - closedAt < 4000 ? 'ended' : 'was kept'))`
  writeFileSync(join(cwd, 'program.mjs'), program)
  expect(await node(['program.mjs'], cwd)).toEqual({status: 0, stdout: 'ended\n', stderr: ''})
}, 30_000)

test('workers: a module in TypeScript, and a stream', async () => {
  const cwd = scratchDirectory()
  const qctl = (...args: readonly string[]) => node([join(ROOT, 'bin/run.js'), '--db', join(cwd, 'q.db'), ...args], cwd)
  writeFileSync(join(cwd, 'handler.ts'), "import {Permanent} from 'qctl'\nexport default (job: {text(): string}) => { if (job.text() === 'b') throw new Permanent('bad') ; return job.text() }")
  await qctl('produce', 'a', 'b')
  expect(await qctl('consume', '--drain', '-q', '-c', '2', '--module', 'handler.ts')).toMatchObject({status: 0})
  await qctl('produce', 'c')
  expect(await qctl('consume', '--drain', '-q', '--stream', join(ROOT, 'docs/workers/worker.sh'))).toMatchObject({status: 0, stderr: ''})
  const listed = await qctl('jobs', 'list', '--json')
  const {items} = JSON.parse(listed.stdout) as {items: {state: string; reason: string | null}[]}
  expect(items.map(({state, reason}) => [state, reason])).toEqual([['done', null], ['failed', 'permanent'], ['done', null]])
})

test('the signature of a module is checked by the compiler', () => {
  const cwd = scratchDirectory()
  mkdirSync(join(cwd, 'node_modules'))
  symlinkSync(ROOT, join(cwd, 'node_modules/qctl'))
  const compile = (body: string) => {
    const module = `import {type Handler, Permanent} from 'qctl'\nconst handler: Handler = async (job, ctx) => {${body}}\nexport default handler\n`
    writeFileSync(join(cwd, 'handler.ts'), module)
    const flags = ['--noEmit', '--strict', '--module', 'NodeNext', '--target', 'ESNext', '--lib', 'ESNext,DOM', '--types', '', '--skipLibCheck']
    return Bun.spawnSync([process.execPath, join(ROOT, 'node_modules/.bin/tsc'), ...flags, 'handler.ts'], {cwd}).stdout.toString()
  }
  expect(compile("ctx.signal.throwIfAborted(); ctx.log('at', job.id); ctx.progress(0.5); if (job.key === null) throw new Permanent(job.text()); return job.payload")).toBe('')
  expect(compile('return job.nothing')).toContain("'nothing' does not exist")
  expect(compile("ctx.progress('half')")).toContain('not assignable')
})
