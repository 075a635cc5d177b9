/** Draws what a terminal shows (`tmux capture-pane -e`) as SVG, for dark and for light surroundings. */

interface Style {
  readonly color: string | null
  readonly bold: boolean
  readonly dim: boolean
  readonly inverse: boolean
}

interface Run extends Style {
  readonly text: string
}

const PLAIN: Style = {color: null, bold: false, dim: false, inverse: false}
const CELL_WIDTH = 8.4
const CELL_HEIGHT = 18
const MARGIN = 14

/**
 * @param screen lines with SGR sequences
 * @param columns width of the terminal
 */
export function svgOf(screen: string, columns: number): string {
  const lines = screen.replace(/\n+$/, '').split('\n')
  const width = Math.ceil(columns * CELL_WIDTH + 2 * MARGIN)
  const height = lines.length * CELL_HEIGHT + 2 * MARGIN
  const drawn = drawLines(lines)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="qctl top in a terminal">
<style>
.b{fill:#fbfbf8;stroke:#d0d0c8}.t{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#24292e}.i{fill:#24292e}.v{fill:#fbfbf8}.w{font-weight:bold}.d{opacity:.6}
@media (prefers-color-scheme:dark){.b{fill:#14171c;stroke:#30363d}.t{fill:#d6dbe1}.i{fill:#d6dbe1}.v{fill:#14171c}}
</style>
<rect class="b" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8"/>
${drawn}
</svg>
`
}

function drawLines(lines: readonly string[]): string {
  let style = PLAIN
  return lines
    .map((line, row) => {
      const runs = runsOf(line, style)
      style = runs.style
      return drawLine(runs.runs, row)
    })
    .filter(text => text !== '')
    .join('\n')
}

function drawLine(runs: readonly Run[], row: number): string {
  let column = 0
  const y = MARGIN + row * CELL_HEIGHT
  const pieces = runs.map(run => {
    const from = column
    const length = [...run.text].length
    column += length
    const x = xOf(from)
    const back = run.inverse ? `<rect class="i" x="${x}" y="${y}" width="${(length * CELL_WIDTH).toFixed(1)}" height="${CELL_HEIGHT}"${run.color === null ? '' : ` style="fill:${run.color}"`}/>` : ''
    return `${back}${bars(run, from, y)}${words(run, from, y + 14)}`
  })
  return pieces.join('')
}

const BLOCKS = '▁▂▃▄▅▆▇█'

/** Bars fill their cells, which they do in hardly any font. */
function bars(run: Run, from: number, y: number): string {
  const attributes = `class="i${run.dim ? ' d' : ''}"${run.color === null ? '' : ` style="fill:${run.color}"`}`
  return [...run.text]
    .map((sign, at) => {
      const height = ((BLOCKS.indexOf(sign) + 1) / BLOCKS.length) * CELL_HEIGHT
      return height === 0 ? '' : `<rect ${attributes} x="${xOf(from + at)}" y="${(y + CELL_HEIGHT - height).toFixed(1)}" width="${CELL_WIDTH}" height="${height.toFixed(1)}"/>`
    })
    .join('')
}

/** Viewers differ in what they make of blanks: there are none at the ends, and others cannot be broken. */
function words(run: Run, from: number, y: number): string {
  const bare = run.text.replaceAll(/[▁-█]/g, ' ')
  const text = bare.trim()
  if (text === '') return ''
  const classes = ['t', run.bold ? 'w' : '', run.dim ? 'd' : '', run.inverse ? 'v' : ''].filter(name => name !== '').join(' ')
  const fill = run.color === null || run.inverse ? '' : ` style="fill:${run.color}"`
  const x = xOf(from + bare.length - bare.trimStart().length)
  // Whatever font there is, a cell is a cell wide.
  const fitted = `textLength="${([...text].length * CELL_WIDTH).toFixed(1)}" lengthAdjust="spacingAndGlyphs"`
  return `<text class="${classes}" x="${x}" y="${y}"${fill} ${fitted}>${escaped(text).replaceAll(' ', '\u00a0')}</text>`
}

function xOf(column: number): string {
  return (MARGIN + column * CELL_WIDTH).toFixed(1)
}

function runsOf(line: string, before: Style): {readonly runs: readonly Run[]; readonly style: Style} {
  const runs: Run[] = []
  let style = before
  for (const [, codes, text] of line.matchAll(/(?:\u001b\[([\d;]*)m)|([^\u001b]+)/g)) {
    if (text === undefined) style = styled(style, (codes ?? '').split(';').map(Number))
    else runs.push({...style, text})
  }
  return {runs, style}
}

/** The colours that a terminal is asked for by number. */
const NUMBERED: Readonly<Record<number, string>> = {31: '#D55E00', 32: '#009E73', 33: '#E69F00', 34: '#0072B2', 35: '#CC79A7', 36: '#56B4E9'}

function styled(style: Style, [code = 0, ...rest]: readonly number[]): Style {
  const next = (changed: Style, used = 0): Style => (rest.length > used ? styled(changed, rest.slice(used)) : changed)
  if (code === 0) return next(PLAIN)
  if (code === 1) return next({...style, bold: true})
  if (code === 2) return next({...style, dim: true})
  if (code === 22) return next({...style, bold: false, dim: false})
  if (code === 7) return next({...style, inverse: true})
  if (code === 27) return next({...style, inverse: false})
  if (code === 39) return next({...style, color: null})
  if (code === 38 && rest[0] === 2) return next({...style, color: `rgb(${rest.slice(1, 4).join(',')})`}, 4)
  return next({...style, color: NUMBERED[code] ?? style.color})
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
