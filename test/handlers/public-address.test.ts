import {describe, expect, test} from 'bun:test'
import type {LookupAddress} from 'node:dns'
import {assertMayBePublic, PrivateAddress, publicLookup, specialRange} from '../../src/lib/handlers/public-address.ts'

const SPECIAL = `127.0.0.1 127.255.255.254 0.0.0.0 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1 100.100.100.200 192.0.0.192
  198.18.0.1 192.0.2.1 224.0.0.1 240.0.0.1 255.255.255.255 168.63.129.16 ::1 :: fe80::1 fe80::1%eth0 fc00::1 fd00:ec2::254 ff02::1 ::ffff:127.0.0.1
  ::ffff:a00:1 ::127.0.0.1 ::7f00:1 ::a00:1 ::8.8.8.8 ::808:808 ::ffff:0:10.0.0.1 64:ff9b::10.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::8.8.8.8 2002:a00:1:: 2001::1 2001:db8::1 fec0::1`.split(/\s+/)
const PUBLIC = '8.8.8.8 1.1.1.1 172.32.0.1 100.128.0.1 169.253.1.1 2606:4700::1111 2a00:1450:4001::200e 64:ff9b::8.8.8.8 ::ffff:8.8.8.8'.split(' ')

describe('an address', () => {
  test.each(SPECIAL)('%s is special', address => expect(specialRange(address)).not.toBeNull())
  test.each(PUBLIC)('%s is public', address => expect(specialRange(address)).toBeNull())
})

describe('a URL', () => {
  const SPELLINGS = ['127.0.0.1', '127.1', '2130706433', '0x7f.1', '0177.0.0.1', '[::1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[::10.0.0.1]', '[::8.8.8.8]', 'localhost', 'LOCALHOST', 'localhost.', 'a.localhost', '169.254.169.254', '0']
  test.each(SPELLINGS)('to %s is private however it is spelled', host => {
    expect(() => assertMayBePublic(new URL(`http://${host}/`))).toThrow(PrivateAddress)
  })
  test.each(['8.8.8.8', '[2606:4700::1111]', 'example.com', 'notlocalhost', 'localhost.example.com'])('to %s may be public', host => {
    expect(() => assertMayBePublic(new URL(`https://${host}:8443/x`))).not.toThrow()
  })
})

describe('a look-up', () => {
  /** What a name is answered with, one answer after another. */
  function answering(...answers: (readonly string[])[]) {
    return publicLookup((_name, _options, callback) => {
      callback(null, (answers.shift() ?? []).map((address): LookupAddress => ({address, family: address.includes(':') ? 6 : 4})))
    })
  }

  function ask(lookup: ReturnType<typeof publicLookup>, all = true): Promise<unknown> {
    return new Promise(resolve => lookup('example.com', {all}, (error, found, family) => resolve(error ?? (all ? found : [found, family]))))
  }

  test('leaves out what is not public', async () => {
    expect(await ask(answering(['10.0.0.1', '8.8.8.8', '::1', '2606:4700::1111']))).toEqual([{address: '8.8.8.8', family: 4}, {address: '2606:4700::1111', family: 6}])
    expect(await ask(answering(['10.0.0.1', '8.8.8.8']), false)).toEqual(['8.8.8.8', 4])
  })

  test('refuses a name with no public address, and names what it leads to', async () => {
    const error = await ask(answering(['10.0.0.1', '::1']))
    expect(error).toBeInstanceOf(PrivateAddress)
    expect(String(error)).toContain('example.com (10.0.0.1) is a private or special address')
    expect(await ask(answering([]))).toBeInstanceOf(PrivateAddress)
  })

  test('judges each answer anew: a name that was public may not be so the next time', async () => {
    const lookup = answering(['8.8.8.8'], ['127.0.0.1'])
    expect(await ask(lookup)).toEqual([{address: '8.8.8.8', family: 4}])
    expect(await ask(lookup)).toBeInstanceOf(PrivateAddress)
  })

  test('passes on that there is no such name', async () => {
    const lookup = publicLookup((_name, _options, callback) => callback(Object.assign(new Error('no'), {code: 'ENOTFOUND'}), []))
    expect(await ask(lookup)).toMatchObject({code: 'ENOTFOUND'})
  })
})
