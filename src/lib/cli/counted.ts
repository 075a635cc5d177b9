/** More than this many things, and a bare "y" is too easily typed: the number is asked for. */
export const MANY = 50

/**
 * A number of things: `1 job`, `4,198 jobs`.
 * @param noun one of them, whose plural ends in s
 */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}
