/** Reads Prometheus' text format as strictly as its documentation words it; throws at the first thing that is not in it. */

export interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Family {
  readonly type: string
  readonly help: string
  readonly series: readonly Series[]
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"/g

export function parsePrometheus(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  const families = new Map<string, {type: string; help: string; series: Series[]}>()
  const seen = new Set<string>()
  let current = ''
  for (const line of text.split('\n').slice(0, -1)) {
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line) ?? []
    if (word === 'HELP') {
      if (families.has(name)) throw new Error(`${name} comes twice`)
      families.set((current = name), {type: '', help: rest, series: []})
    } else if (word === 'TYPE') {
      const family = families.get(name)
      if (family === undefined || name !== current || family.series.length > 0) throw new Error(`TYPE of ${name} out of place`)
      if (!['counter', 'gauge', 'histogram'].includes(rest)) throw new Error(`${rest} is no type`)
      family.type = rest
    } else {
      const family = families.get(current)
      const series = sample(line)
      const id = `${series.name} ${JSON.stringify(series.labels)}`
      if (seen.has(id)) throw new Error(`${id} comes twice`)
      seen.add(id)
      const suffixes = family?.type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
      if (family === undefined || !suffixes.some(suffix => series.name === current + suffix)) throw new Error(`${series.name} stands under ${current}`)
      family.series.push(series)
    }
  }
  for (const [name, family] of families) if (family.type === 'histogram') checkHistogram(name, family.series)
  return families
}

function sample(line: string): Series {
  const [, name, labels = '', number] = SAMPLE.exec(line) ?? []
  if (name === undefined || number === undefined || Number.isNaN(Number(number))) throw new Error(`not a sample: ${line}`)
  return {name, labels: Object.fromEntries([...labels.matchAll(LABEL)].map(([, label = '', value = '']) => [label, value])), value: Number(number)}
}

function checkHistogram(name: string, series: readonly Series[]): void {
  for (const [queue, own] of Map.groupBy(series, ({labels}) => labels['queue'] ?? '')) {
    const buckets = own.filter(one => one.name === `${name}_bucket`)
    const bounds = buckets.map(({labels}) => (labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels['le'])))
    const growing = (numbers: readonly number[]): boolean => numbers.every((value, i) => i === 0 || value >= (numbers[i - 1] ?? 0))
    if (!growing(bounds) || bounds.at(-1) !== Number.POSITIVE_INFINITY) throw new Error(`bounds of ${name} of ${queue} are out of order`)
    if (!growing(buckets.map(({value}) => value))) throw new Error(`${name} of ${queue} is not cumulative`)
    const count = own.find(one => one.name === `${name}_count`)?.value
    if (count !== buckets.at(-1)?.value) throw new Error(`${name} of ${queue} counts differ`)
  }
}
