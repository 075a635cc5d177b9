/** Contests in words: a table of each, and the summary of all. */
import {type Contender, isBaseline, isOurs, type Outcome, type Standing} from './contest.ts'
import {median} from './statistics.ts'
import {amount, NOTHING, ratio, spread, table} from './table.ts'

const HEAD = ['', 'set up', 'on disk when answered', 'n', 'unit', 'median (least–most)', 'qctl is', 'lost', 'doubled']

/** A heading, the rules, and a table. */
export function chapter({contest, standings}: Outcome): string {
  const {title, rules, unit} = contest
  return `### ${title}\n\n${rules}\n\n${table(HEAD, standings.map(standing => row(standing, unit)))}${failures(standings)}`
}

function row(standing: Standing, unit: Outcome['contest']['unit']): readonly string[] {
  const {contender, values, lost, doubled} = standing
  const {name, setting} = contender
  return [
    isOurs(contender) ? `**${name}**` : name,
    setUp(contender),
    setting.durable ? 'yes' : 'no',
    String(values.length),
    unit,
    values.length === 0 ? 'does not work, see below' : spread(values, value => amount(value, unit)),
    isBaseline(contender) ? NOTHING : comparison(standing),
    loud(lost),
    loud(doubled),
  ]
}

function loud(count: number): string {
  return count === 0 ? '0' : `**${count}**`
}

function failures(standings: readonly Standing[]): string {
  const failed = standings.filter(({failed}) => failed !== null)
  if (failed.length === 0) return ''
  return `\n${failed.map(({contender, failed}) => `${contender.name}, ${setUp(contender)}: ${failed}\n`).join('\n')}`
}

/** How much faster or slower qctl is. */
function comparison({behind}: Standing): string {
  if (behind.length === 0) return NOTHING
  const times = median(behind)
  return times >= 1 ? `${ratio(times)} × as fast` : `${ratio(1 / times)} × slower`
}

/** One line a contest: qctl, the best of those that answer as late as it does, and the best of all as they come. */
export function summary(outcomes: readonly Outcome[]): string {
  const head = ['median', 'qctl', 'fastest peer that also fsyncs first', 'fastest peer as it comes']
  return table(head, outcomes.map(({contest, standings}) => {
    const {unit, title} = contest
    const peers = standings.filter(({contender, values}) => !isOurs(contender) && !isYardstick(contender) && values.length > 0)
    const ours = standings.find(({contender}) => isBaseline(contender))
    const cell = (standing: Standing | undefined): string =>
      standing === undefined ? 'none' : `${withNote(standing.contender)} ${figure(standing, unit)}: qctl is ${comparison(standing)}`
    return [
      title,
      ours === undefined ? NOTHING : `**${figure(ours, unit)}**`,
      cell(peers.find(({contender}) => contender.setting.durable)),
      cell(peers.find(({contender}) => contender.isDefault)),
    ]
  }))
}

/** Bare SQLite is shown as the limit, not as a peer. */
export function isYardstick({name}: Contender): boolean {
  return name.startsWith('bare ')
}

/** Short, and without the setting where it is the usual one. */
export function nameOf({name, setting, isDefault}: Contender): string {
  return isDefault || isYardstick({name, setting, isDefault}) ? name : `${name}, ${setting.name}`
}

function setUp({setting: {name, note}}: Contender): string {
  return note === undefined ? name : `${name} (${note})`
}

function withNote(contender: Contender): string {
  const {note} = contender.setting
  return note === undefined ? nameOf(contender) : `${nameOf(contender)} (${note})`
}

function figure({values}: Standing, unit: Outcome['contest']['unit']): string {
  return `${amount(median(values), unit)}${unit === 'ms' ? ' ms' : '/s'}`
}
