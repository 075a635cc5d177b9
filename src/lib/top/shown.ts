/** How times and numbers are shown on the screens. */
import {formatSizeShort} from '../units.ts'

/** `12:04:31`, in the zone of this host. */
export function clockTime(ms: number): string {
  const date = new Date(ms)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(part => String(part).padStart(2, '0')).join(':')
}

/** `1,204`. */
export function grouped(count: number): string {
  return String(Math.round(count)).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

/** `1,204`, or `1.02M` where that is too long. */
export function short(count: number): string {
  if (count < 100_000) return grouped(count)
  return count < 1_000_000 ? `${Math.round(count / 1000)}k` : `${(count / 1_000_000).toFixed(count < 10_000_000 ? 2 : 1)}M`
}

/** A rate: one digit after the point where it matters. */
export function rate(value: number): string {
  if (value === 0) return '0'
  return value < 9.95 ? value.toFixed(1) : short(value)
}

/** `64 B`, `12M`. */
export function size(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : formatSizeShort(bytes)
}

/** `11-22 12:04`, in the zone of this host. */
export function dayTime(ms: number): string {
  const date = new Date(ms)
  const two = (part: number): string => String(part).padStart(2, '0')
  return `${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`
}

/** The heading of a table: `Queues 19`, or `Queues 17 of 19` where not all have room. */
export function shownOf(name: string, room: number, count: number): string {
  return room < count ? `${name} ${room} of ${count}` : `${name} ${count}`
}
