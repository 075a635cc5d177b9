/** The place of the demonstration: a directory that is gone afterwards, and in it the handler, who keeps a ledger. */
import {chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

/** What lies where. */
export interface Stage {
  readonly directory: string
  readonly database: string
  readonly files: string
  readonly handler: string
  readonly supervisor: string
}

/** One time in six it fails; where there is flock, it tells whether another process of the same job is alive. */
const HANDLER = `#!/bin/sh
# The handler of qctl demo: it puts the time at the top of a file, with bad luck now and then, and writes down what it does.
cd "$(dirname "$0")" || exit
lock=free
if command -v flock >/dev/null; then
  exec 9>>"locks/$QCTL_JOB_ID"
  flock -n 9 || lock=held
fi
echo "start $QCTL_JOB_ID $QCTL_FENCE $lock" >>ledger
dice=$(od -An -N2 -tu2 /dev/urandom)
sleep "0.$((dice / 8 % 9))"
if [ $((dice % 6)) -eq 0 ]; then
  echo "fail $QCTL_JOB_ID $QCTL_FENCE $lock" >>ledger
  echo 'bad luck' >&2
  exit 1
fi
{ date -u +%Y-%m-%dT%H:%M:%SZ && cat "$QCTL_FILE"; } >"stamped/$QCTL_JOB_ID.$QCTL_FENCE" &&
  mv "stamped/$QCTL_JOB_ID.$QCTL_FENCE" "$QCTL_FILE" &&
  echo "done $QCTL_JOB_ID $QCTL_FENCE $lock" >>ledger
`

/** Makes a stage of its own. */
export function setStage(): Stage {
  const directory = mkdtempSync(join(tmpdir(), 'qctl-demo-'))
  for (const name of ['files', 'locks', 'stamped']) mkdirSync(join(directory, name))
  const handler = join(directory, 'stamp.sh')
  writeFileSync(handler, HANDLER)
  chmodSync(handler, 0o700)
  writeFileSync(join(directory, 'ledger'), '')
  return {directory, database: join(directory, 'qctl.db'), files: join(directory, 'files'), handler, supervisor: join(directory, 'supervisor')}
}

/** Removes it all. */
export function strike({directory}: Stage): void {
  rmSync(directory, {recursive: true, force: true})
}

/** What the handlers wrote down. */
export function ledgerOf({directory}: Stage): string {
  return readFileSync(join(directory, 'ledger'), 'utf8')
}

/** The files that were made, with what is in them. */
export function madeFiles({files}: Stage): ReadonlyMap<string, string> {
  const paths = readdirSync(files).filter(name => name.endsWith('.txt')).map(name => join(files, name))
  return new Map(paths.map(path => [path, readFileSync(path, 'utf8')]))
}
