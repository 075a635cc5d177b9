import {fileKey, SETTINGS, type Origin, type Setting, type SettingName, type Settings} from '../config.ts'
import {shownDatabase} from '../location.ts'
import {formatDuration} from '../time.ts'
import {csvColumns} from './csv-columns.ts'
import type {ListFormat} from './print.ts'

/** One setting as `qctl config` shows it. */
export interface SettingRow {
  readonly name: string
  readonly value: string
  readonly origin: Origin['kind']
  readonly where: string | null
  readonly env: string
  readonly help: string
}

/**
 * Lists what is in force.
 *
 * @param settings the values; a password in a URL is not shown
 * @param origins where each came from
 */
export function settingRows(settings: Settings, origins: Readonly<Record<SettingName, Origin>>): readonly SettingRow[] {
  return (Object.keys(SETTINGS) as SettingName[]).map((name) => {
    const setting: Setting<unknown> = SETTINGS[name]
    const {kind, where} = origins[name]
    return {name: fileKey(name), value: shownValue(name, settings, kind), origin: kind, where, env: setting.env, help: setting.help}
  })
}

function shownValue(name: SettingName, settings: Settings, origin: Origin['kind']): string {
  const setting: Setting<unknown> = SETTINGS[name]
  const value = settings[name]
  if (name === 'db') return shownDatabase(settings.db)
  const shown = setting.shape === 'DURATION' && typeof value === 'number' ? formatDuration(value) : String(value)
  // A lease that nobody sets here is decided queue by queue.
  return name === 'lease' && origin === 'default' ? `the queue's (${shown} unless set)` : shown
}

/** How settings are printed. */
export const SETTING_LIST: ListFormat<SettingRow> = {
  columns: [
    {key: 'name', title: 'SETTING', value: (row) => row.name, style: () => 'bold'},
    {key: 'value', title: 'VALUE', value: (row) => row.value},
    {key: 'origin', title: 'FROM', value: (row) => row.where ?? row.origin, style: (row) => (row.where === null ? 'dim' : null)},
    {key: 'env', title: 'ENVIRONMENT', value: (row) => row.env, wide: true},
    {key: 'help', title: 'WHAT IT IS', value: (row) => row.help, wide: true},
  ],
  csv: csvColumns(['name', 'value', 'origin', 'where'], ['env', 'help'], row => ({...row})),
  id: (row) => row.name,
  toJson: (row) => row,
}
