/**
 * Which addresses a webhook may go to: what everybody on the internet can reach, and nothing of this host or its networks.
 * Judged is the address that is connected to, so that no name, however it resolves from one moment to the next, leads elsewhere.
 */
import {lookup, type LookupAddress, type LookupOptions} from 'node:dns'
import type {LookupFunction} from 'node:net'
// The list of special ranges is long and grows; this library keeps it.
import ipaddr from 'ipaddr.js'
import {QctlError} from '../errors.ts'

/** The virtual address of Azure's metadata and host services: public by its number only. */
const AZURE_HOST = '168.63.129.16'
/** 64:ff9b::/96 (RFC 6052): an IPv4 address as an IPv6-only network sees it. */
const NAT64_PREFIX = [0x64, 0xff9b, 0, 0, 0, 0]
/** ::/96 (RFC 4291, 2.5.5.1): an IPv4 address in the first, long deprecated way. It is nobody's; the library takes it for global. */
const COMPATIBLE_PREFIX = [0, 0, 0, 0, 0, 0]
/** The same with dots, which the library reads as ::ffff:0:0/96. */
const COMPATIBLE_TEXT = /^::\d+\.\d+\.\d+\.\d+$/

/**
 * Says what is special about an address.
 * @param address as a number, without brackets
 * @returns a word for its range; `null` when it is public
 */
export function specialRange(address: string): string | null {
  const parsed = ipaddr.process(address)
  if (beginsWith(parsed, NAT64_PREFIX)) return specialRange(ipaddr.fromByteArray(parsed.toByteArray().slice(-4)).toString())
  if (parsed.toString() === AZURE_HOST) return 'metadata'
  const range = parsed.range()
  if (range !== 'unicast') return range
  return COMPATIBLE_TEXT.test(address) || beginsWith(parsed, COMPATIBLE_PREFIX) ? 'deprecated' : null
}

function beginsWith(address: ipaddr.IPv4 | ipaddr.IPv6, prefix: readonly number[]): boolean {
  return address instanceof ipaddr.IPv6 && prefix.every((part, i) => address.parts[i] === part)
}

/** A way to resolve names, as `dns.lookup` with `all`. */
export type Resolve = (
  name: string,
  options: LookupOptions & {readonly all: true},
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/**
 * As the system resolves names, without addresses that are not public. A name that has no other is refused.
 * @param resolve another way to resolve them
 */
export function publicLookup(resolve: Resolve = lookup): LookupFunction {
  return (name, options, callback) => {
    resolve(name, {...options, all: true}, (error, addresses) => {
      if (error !== null) return callback(error, [])
      const allowed = addresses.filter(({address}) => specialRange(address) === null)
      const [first] = allowed
      if (first === undefined) return callback(refused(name, addresses[0]?.address ?? 'no address'), [])
      if (options.all === true) callback(null, allowed)
      else callback(null, first.address, first.family)
    })
  }
}

/** A place that is private, whatever resolves its name: a number, or this host. */
export function assertMayBePublic({hostname}: URL): void {
  const name = hostname.replace(/^\[|\]$/g, '')
  if (ipaddr.isValid(name) ? specialRange(name) !== null : /(^|\.)localhost\.?$/.test(name)) throw refused(name, name)
}

/** Thrown for a place that is not public. */
export class PrivateAddress extends QctlError {}

function refused(name: string, address: string): PrivateAddress {
  const what = name === address ? name : `${name} (${address})`
  return new PrivateAddress('usage', `${what} is a private or special address`, {hint: 'allow it with --allow-private'})
}
