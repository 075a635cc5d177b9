import {readFileSync} from 'node:fs'

/**
 * Who acts, for the history of jobs: `cli:ann`.
 * Not from `userInfo`: Bun takes that from the environment, where anybody may write anything.
 */
export function cliActor(): string {
  const id = process.getuid?.()
  return `cli:${id === undefined ? 'user' : (userName(id) ?? id)}`
}

/** The name of a user of this host; `null` where it has none, as in many containers. */
function userName(id: number): string | null {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
    const [name] = lines.map(line => line.split(':')).find(fields => fields[2] === String(id)) ?? []
    return name ?? null
  } catch {
    return null
  }
}
