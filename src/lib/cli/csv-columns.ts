import {formatTime} from '../time-parse.ts'
import type {Column} from './columns.ts'

/**
 * Columns of CSV with the values and names of the JSON document: numbers for spans and counts, times in UTC, lists with commas.
 * @param shown the names of the columns that are printed unless others are asked for
 * @param others the names of those that may be asked for
 * @param documentOf the JSON document of a row; called once per row
 */
export function csvColumns<Row extends object>(
  shown: readonly string[],
  others: readonly string[],
  documentOf: (row: Row) => Readonly<Record<string, unknown>>,
): readonly Column<Row>[] {
  const documents = new WeakMap<Row, Readonly<Record<string, unknown>>>()
  const read = (row: Row): Readonly<Record<string, unknown>> => {
    const document = documents.get(row) ?? documentOf(row)
    documents.set(row, document)
    return document
  }
  return [...shown, ...others].map(key => ({key, title: key.toUpperCase().replaceAll('_', ' '), value: row => cell(read(row)[key]), wide: !shown.includes(key)}))
}

function cell(value: unknown): string | number | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || typeof value === 'number') return value
  const isList = Array.isArray(value) && value.every(part => typeof part !== 'object')
  return isList ? value.join(',') : JSON.stringify(value)
}

/** Such columns in a table for people: times as all others there, in the zone of this host. */
export function forPeople<Row>(columns: readonly Column<Row>[]): readonly Column<Row>[] {
  return columns.map(column => (/_(at|until)$/.test(column.key) ? {...column, value: row => localTime(column.value(row))} : column))
}

function localTime(value: string | number | null): string | number | null {
  return typeof value === 'string' ? formatTime(Date.parse(value)) : value
}
