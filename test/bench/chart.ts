/**
 * Contests as bars, in SVG. Written by hand: a bar is a rectangle, and a charting library would bring a hundred packages for it.
 * The ground is white, because the picture is shown on dark pages too.
 */
import {type Contender, isOurs, type Outcome, type Standing} from './contest.ts'
import {isYardstick, nameOf} from './ranking.ts'
import {median} from './statistics.ts'
import {amount} from './table.ts'

const PANEL = {width: 470, gap: 20, head: 44, label: 190, value: 68} as const
const BAR = {height: 14, step: 20} as const
const TOP = 66
const FOOT_STEP = 16
const COLUMNS = 2
const COLOURS = {ours: '#d9480f', oursPale: '#fcc2a0', theirs: '#495057', theirsPale: '#ced4da', text: '#212529', faint: '#868e96'} as const

/** @param foot lines below the panels: where and when */
export function chart(outcomes: readonly Outcome[], foot: readonly string[]): string {
  const panels = outcomes.map(({contest, standings}) => ({contest, rows: standings.filter(isShown)}))
  const rows = Array.from({length: Math.ceil(panels.length / COLUMNS)}, (_, at) => panels.slice(at * COLUMNS, (at + 1) * COLUMNS))
  let y = TOP
  const drawn = rows.flatMap(row => {
    const at = y
    y += PANEL.head + Math.max(...row.map(({rows: bars}) => bars.length)) * BAR.step + PANEL.gap
    return row.map(({contest, rows: bars}, column) => panel(contest, bars, PANEL.gap + column * (PANEL.width + PANEL.gap), at))
  })
  const width = COLUMNS * PANEL.width + (COLUMNS + 1) * PANEL.gap
  const height = y + foot.length * FOOT_STEP
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12" fill="${COLOURS.text}">
<rect width="100%" height="100%" fill="#fff"/>
<text x="${PANEL.gap}" y="28" font-size="16" font-weight="600">qctl and its peers</text>
${legend(PANEL.gap, 40)}
${drawn.join('\n')}
${foot.map((line, at) => `<text x="${PANEL.gap}" y="${y + at * FOOT_STEP}" font-size="11" fill="${COLOURS.faint}">${escape(line)}</text>`).join('\n')}
</svg>
`
}

function isShown({contender, values}: Standing): boolean {
  return values.length > 0 && !isYardstick(contender)
}

function legend(x: number, y: number): string {
  const key = (at: number, colour: string, text: string): string =>
    `<rect x="${x + at}" y="${y}" width="14" height="12" fill="${colour}"/><text x="${x + at + 20}" y="${y + 10}">${text}</text>`
  return key(0, COLOURS.ours, 'qctl') + key(70, COLOURS.theirs, 'an answered job is on the disk (fsync)') + key(420, COLOURS.theirsPale, 'it is not, or not yet')
}

function panel({title, unit}: Outcome['contest'], standings: readonly Standing[], x: number, y: number): string {
  const most = Math.max(...standings.map(({values}) => median(values)))
  const room = PANEL.width - PANEL.label - PANEL.value
  const hint = unit === 'ms' ? 'ms, less is better' : 'jobs per second, more is better'
  const bars = standings.map((standing, at) => bar(standing, unit, {x, y: y + PANEL.head + at * BAR.step, room, most}))
  return `<g><text x="${x}" y="${y + 18}" font-size="14" font-weight="600">${escape(title)}</text>
<text x="${x}" y="${y + 34}" fill="${COLOURS.faint}">${hint}</text>
${bars.join('\n')}</g>`
}

interface Space {
  readonly x: number
  readonly y: number
  /** Of the longest bar. */
  readonly room: number
  readonly most: number
}

function bar({contender, values}: Standing, unit: Outcome['contest']['unit'], {x, y, room, most}: Space): string {
  const value = median(values)
  const length = Math.max(1, (value / most) * room)
  const from = x + PANEL.label
  const weight = isOurs(contender) ? ' font-weight="600"' : ''
  const text = y + BAR.height - 3
  return `<text x="${from - 8}" y="${text}" text-anchor="end"${weight}>${escape(nameOf(contender))}</text>`
    + `<rect x="${from}" y="${y}" width="${length.toFixed(1)}" height="${BAR.height}" fill="${colourOf(contender)}"/>`
    + `<text x="${(from + length + 6).toFixed(1)}" y="${text}"${weight}>${amount(value, unit)}</text>`
}

function colourOf(contender: Contender): string {
  const {setting} = contender
  if (isOurs(contender)) return setting.durable ? COLOURS.ours : COLOURS.oursPale
  return setting.durable ? COLOURS.theirs : COLOURS.theirsPale
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
