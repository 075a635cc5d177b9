import {describe, expect, test} from 'bun:test'
import {spawnSync} from 'node:child_process'
import {existsSync} from 'node:fs'
import {Scene} from '../faults/support/scene.ts'
import {figure} from '../faults/support/report.ts'
import {sized} from '../faults/support/size.ts'

const FILES = sized(600, 4000)

interface Listing {
  readonly items: readonly {readonly id: number; readonly state: string; readonly result: string | null}[]
  readonly next: string | null
}

/** Files as every Debian has them: first those of the README, then others if there are too few. */
function findFiles(): string[] {
  const find = `{ find /usr/share/doc -name copyright; find /usr/share /usr/lib -type f -size -64k ! -name '*[^A-Za-z0-9_./+-]*'; } 2>/dev/null`
  const {stdout} = spawnSync('sh', ['-c', `${find} | head -n ${FILES * 2}`], {encoding: 'utf8'})
  return [...new Set(stdout.trim().split('\n'))].filter(path => existsSync(path)).slice(0, FILES)
}

/** What sha256sum itself says of them. */
function sumsOf(files: readonly string[]): string[] {
  const {stdout} = spawnSync('xargs', ['-n', '100', 'sha256sum'], {encoding: 'utf8', input: files.join('\n'), maxBuffer: 1e9})
  return stdout.trim().split('\n').toSorted()
}

async function results(scene: Scene): Promise<string[]> {
  const found: string[] = []
  for (let cursor: string | null = null, page: Listing | null = null; page === null || cursor !== null; cursor = page.next) {
    page = await scene.json<Listing>(['jobs', 'list', '-Q', 'sum', '-l', '1000', ...(cursor === null ? [] : ['--cursor', cursor])])
    expect(page.items.filter(({state}) => state !== 'done')).toEqual([])
    found.push(...page.items.map(({result}) => (result ?? '').trim()))
  }
  return found.toSorted()
}

describe('the checksums of thousands of files', () => {
  test('come out right, by a command that gets a path on its stdin', async () => {
    await using scene = new Scene()
    const files = findFiles()
    expect(files.length).toBeGreaterThan(100)
    const produced = await scene.sh('"$Q" produce --lines -Q sum', {stdin: `${files.join('\n')}\n`})
    expect([produced.status, produced.stdout.trim().split('\n').length]).toEqual([0, files.length])
    const begin = performance.now()
    const {status, stderr} = await scene.sh(`"$Q" consume -q -Q sum --drain -c 4 -- sh -c 'xargs sha256sum > "$QCTL_RESULT_FILE"'`)
    const seconds = (performance.now() - begin) / 1000
    expect([status, stderr]).toEqual([0, ''])
    expect(await results(scene)).toEqual(sumsOf(files))
    figure(files.length, `${files.length} files: ${seconds.toFixed(1)} s with -c 4, every sum right`)
  }, 600_000)

  test('come out right with the very lines of the README', async () => {
    await using scene = new Scene()
    const found = await scene.sh('find /usr/share/doc -name copyright | head -n 300 | "$Q" produce --lines -Q sum | wc -l')
    const count = Number(found.stdout)
    expect(found.status).toBe(0)
    const out = scene.path('sums')
    const {status, stderr} = await scene.sh(`"$Q" consume -q -Q sum --drain -c 4 --shell 'xargs sha256sum >> "${out}"'`)
    expect([status, stderr]).toEqual([0, ''])
    if (count > 0) expect(spawnSync('sha256sum', ['-c', '--quiet', out], {encoding: 'utf8'})).toMatchObject({status: 0, stderr: ''})
    const lines = Number(spawnSync('sh', ['-c', `cat "${out}" 2>/dev/null | wc -l`], {encoding: 'utf8'}).stdout)
    expect(lines).toBe(count)
  }, 600_000)
})
