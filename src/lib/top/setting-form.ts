import {changed} from '../cli/queue-command.ts'
import {SETTING_FLAGS, settingsChange, type SettingFlags} from '../cli/queue-flags.ts'
import {parseName} from '../cli/values.ts'
import {QctlError} from '../errors.ts'
import {DEFAULT_SETTINGS, type QueueSettings} from '../job.ts'
import {formatBackoff} from '../queue/backoff.ts'
import type {SettingsChange} from '../storage/storage.ts'
import {formatDuration} from '../time.ts'
import {formatSize} from '../units.ts'
import type {Act} from './acts.ts'
import {queueCommand} from './acts-of-queues.ts'
import {checkBy, checkUnlessEmpty} from './check.ts'
import type {Field, Form, Move} from './screen.ts'

type SettingName = keyof typeof SETTING_FLAGS
type Values = Readonly<Record<string, string>>

const NAMES = Object.keys(SETTING_FLAGS) as readonly SettingName[]
/** Most queues need no more to begin with. */
const FIRST_NAMES = ['max-attempts', 'timeout', 'concurrency', 'dead-letter'] as const satisfies readonly SettingName[]

/** The settings of a queue as `queues set` takes them. */
export function settingTexts(settings: QueueSettings): Readonly<Record<SettingName, string>> {
  const {retention} = settings
  const kept = (ms: number | null): string => (ms === null ? 'never' : formatDuration(ms))
  return {
    'max-attempts': String(settings.maxAttempts),
    backoff: formatBackoff(settings.backoff),
    'crash-limit': String(settings.crashLimit),
    lease: formatDuration(settings.leaseMs),
    timeout: settings.timeoutMs === null ? 'none' : formatDuration(settings.timeoutMs),
    concurrency: settings.concurrency === null ? 'none' : String(settings.concurrency),
    retention: `done=${kept(retention.doneMs)},failed=${kept(retention.failedMs)},cancelled=${kept(retention.cancelledMs)}`,
    'key-window': formatDuration(settings.keyWindowMs),
    'max-payload': formatSize(settings.maxPayloadBytes),
    'dead-letter': settings.deadLetter ?? 'none',
  }
}

/** The form of all settings of a queue. */
export function editForm(name: string, settings: QueueSettings): Form {
  const before = settingTexts(settings)
  const given = (values: Values): readonly SettingName[] => NAMES.filter(setting => values[setting] !== before[setting])
  return {
    title: `Settings of ${name}`,
    fields: NAMES.map(setting => ({...fieldOf(setting), value: before[setting], check: checkBy(parserOf(setting))})),
    cli: values => queueCommand('set', name, flagsOf(given(values), values)),
    submit: (values): Move => {
      const names = given(values)
      if (names.length === 0) return {kind: 'notice', text: 'nothing was changed'}
      return {kind: 'act', act: setting(name, {names, flags: flagsOf(names, values), change: changeOf(names, values, settings), back: changeOf(names, before, settings), old: flagsOf(names, before)})}
    },
  }
}

interface Setting {
  readonly names: readonly SettingName[]
  readonly flags: readonly string[]
  readonly change: SettingsChange
  /** What takes it back. */
  readonly back: SettingsChange
  readonly old: readonly string[]
}

function setting(name: string, {names, flags, change, back, old}: Setting): Act {
  return {
    title: `Set ${Object.keys(change).length === 1 ? 'a setting' : 'settings'} of ${name}`,
    facts: [],
    cli: queueCommand('set', name, flags),
    tier: {kind: 'at_once'},
    run: async ({session, actor}) => {
      const by = {actor, reason: `queues set ${names.join(', ')}`}
      await changed(name, session.storage.setQueue(name, {create: 'never', settings: change, by}))
      return {notice: `${name}: ${flags.join(' ').replaceAll('--', '')}`, undo: setting(name, {names, flags: old, change: back, back: change, old: flags})}
    },
  }
}

/** The form of a queue that does not exist yet. */
export function createForm(): Form {
  const given = (values: Values): readonly SettingName[] => FIRST_NAMES.filter(setting => values[setting] !== '')
  const cli = (values: Values): string => queueCommand('create', values['name'] ?? '', flagsOf(given(values), values))
  return {
    title: 'New queue',
    fields: [
      {name: 'name', label: 'name', value: '', hint: 'letters, digits and _ . : @ / -', check: checkBy(parseName)},
      ...FIRST_NAMES.map(setting => ({...fieldOf(setting), hint: `${settingTexts(DEFAULT_SETTINGS)[setting]} unless set`, check: checkUnlessEmpty(parserOf(setting))})),
    ],
    cli,
    submit: values => ({kind: 'act', act: creation(values['name'] ?? '', cli(values), changeOf(given(values), values, DEFAULT_SETTINGS))}),
  }
}

function creation(name: string, cli: string, settings: SettingsChange): Act {
  return {
    title: `Create ${name}`,
    facts: [],
    cli,
    tier: {kind: 'at_once'},
    run: async ({session, actor}) => {
      await changed(name, session.storage.setQueue(name, {create: 'must', settings, by: {actor, reason: 'queues create'}}))
      return {notice: `the queue ${name} is there; E changes its other settings`}
    },
  }
}

function fieldOf(setting: SettingName): Field {
  return {name: setting, label: setting.replaceAll('-', ' '), value: ''}
}

/** What reads the value on the command line. */
function parserOf(setting: SettingName): (text: string) => unknown {
  const {parse} = SETTING_FLAGS[setting]
  return text => {
    if (text === '') throw new QctlError('usage', 'a value is needed; "default" is one')
    return parse(text)
  }
}

function flagsOf(names: readonly SettingName[], values: Values): readonly string[] {
  return names.flatMap(setting => {
    const value = values[setting] ?? ''
    // A name may look like a flag.
    return value.startsWith('-') ? [`--${setting}=${value}`] : [`--${setting}`, value]
  })
}

function changeOf(names: readonly SettingName[], values: Values, current: QueueSettings): SettingsChange {
  const flags = Object.fromEntries(names.map(setting => [setting, SETTING_FLAGS[setting].parse(values[setting] ?? '')]))
  return settingsChange(flags as SettingFlags, current)
}
