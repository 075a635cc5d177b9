/**
 * An advised command for the same database. Quoted as sh wants it.
 * @param command as one would type it, maybe several joined by `&&`, or one that is fed by `printf`
 * @param dbFlag what `--db` said; `null` when the command finds the database without
 */
export function withDatabase(command: string, dbFlag: string | null): string {
  return dbFlag === null ? command : command.replaceAll(/(^|&& |^printf .*' \| )qctl (?=[a-z])/g, (_all, before: string) => `${before}qctl --db ${quoted(dbFlag)} `)
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}
