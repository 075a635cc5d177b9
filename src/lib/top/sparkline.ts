/**
 * A row of numbers as a graph one line high.
 * @param levels from little to much, the first for nothing (`Glyphs.levels`)
 * @returns as many characters as numbers
 */
export function sparkline(values: readonly number[], levels: string): string {
  return chart(values, 1, levels)[0] ?? ''
}

/**
 * A row of numbers as bars, some lines high; what is more than nothing is seen.
 * @returns the lines from the top
 */
export function chart(values: readonly number[], height: number, levels: string): readonly string[] {
  const signs = [...levels]
  const full = signs.length - 1
  const most = Math.max(...values, 0)
  const parts = values.map(value => (value <= 0 || most === 0 ? 0 : Math.max(1, Math.round((value / most) * full * height))))
  return Array.from({length: height}, (_, line) => {
    const below = (height - 1 - line) * full
    return parts.map(part => signs[Math.max(0, Math.min(full, part - below))] ?? '').join('')
  })
}
