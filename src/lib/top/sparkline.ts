/**
 * A row of numbers as a graph one line high.
 * @param levels from little to much, the first for nothing (`Glyphs.levels`)
 * @returns as many characters as numbers
 */
export function sparkline(values: readonly number[], levels: string): string {
  const signs = [...levels]
  const top = Math.max(...values, 0)
  return values.map(value => signs[value <= 0 || top === 0 ? 0 : Math.max(1, Math.round((value / top) * (signs.length - 1)))] ?? '').join('')
}
