/** Words of a command as each configuration writes them. By hand: they are rules of these formats, and no library knows them. */
import {QctlError} from '../errors.ts'

/** What no format takes for anything but itself. */
const PLAIN = /^[A-Za-z0-9_@+=:,./-]+$/

/**
 * A word of `command=` in supervisord's configuration. That is read as an ini file (`;` or `#` after a blank begins a
 * comment, also in quotes), then `%(here)s` is replaced wherever it stands, then the rest of the `%` are, then `shlex` splits words.
 * @param directory paths in it are written from `%(here)s`, so that the whole may be moved
 */
export function supervisordWord(word: string, directory: string): string {
  if (isIn(word, directory)) return `"%(here)s/..${word.slice(directory.length)}"`
  if (PLAIN.test(word)) return word
  requireOneLine(word, "supervisord's configuration")
  const quoted = `'${escaped(word).replaceAll("'", `'"'"'`)}'`
  // Two quotes say nothing to shlex, and part what the ini file or `%(here)s` would be seen in.
  return quoted.replaceAll(/([ \t])(?=[;#])|(%%)(?=\()/g, "$1$2''")
}

function isIn(word: string, directory: string): boolean {
  return word.startsWith(`${directory}/`) && /^[A-Za-z0-9_@+=:,./ -]*$/.test(word.slice(directory.length))
}

function escaped(text: string): string {
  return text.replaceAll('%', '%%')
}

/**
 * A path that is the whole value of a setting in supervisord's configuration, where there are no quotes.
 * @throws QctlError `usage` for one that cannot be written
 */
export function supervisordPath(path: string): string {
  requireOneLine(path, "supervisord's configuration")
  if (!/[ \t][;#]|%\(/.test(path)) return escaped(path)
  throw new QctlError('usage', `supervisord's configuration cannot hold the path ${path}`, {hint: 'call init in another directory'})
}

/** A word of `ExecStart=` (systemd.service(5), "Command lines"): C escapes in double quotes, `%` and `$` doubled. */
export function systemdWord(word: string): string {
  if (PLAIN.test(word)) return word
  const text = word
    .replaceAll(/[\\"]/g, '\\$&')
    .replaceAll(/[\u0001-\u001f\u007f]/g, character => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
  return `"${text.replaceAll('%', '%%').replaceAll('$', '$$$$')}"`
}

/** A word of a Procfile, which a shell reads: sh, or on Windows cmd.exe and then the program itself. */
export function procfileWord(word: string, platform: NodeJS.Platform = process.platform): string {
  if (PLAIN.test(word)) return word
  requireOneLine(word, 'a Procfile')
  if (platform === 'win32') return `"${word.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/\\+$/, '$&$&')}"`
  return `'${word.replaceAll("'", `'\\''`)}'`
}

/** A word of a command in a crontab: a shell reads it, after cron has taken each `%` without a backslash for the end of the line (crontab(5)). */
export function crontabWord(word: string): string {
  if (PLAIN.test(word)) return word
  requireOneLine(word, 'a crontab')
  return `'${word.replaceAll("'", `'\\''`)}'`.replaceAll('%', '\\%')
}

function requireOneLine(word: string, where: string): void {
  if (!/[\u0000-\u001f\u007f]/.test(word)) return
  throw new QctlError('usage', `${where} cannot hold line feeds and control characters: ${JSON.stringify(word.slice(0, 80))}`, {
    hint: 'put the command into a file',
  })
}
