import {expect, test} from 'bun:test'
import {openCLibrary} from '../src/lib/c-library.ts'

function refuseAllBut(wanted: RegExp): (name: string) => string {
  return name => {
    if (!wanted.test(name)) throw new Error(`no ${name}`)
    return name
  }
}

test.each([[/^libc\.so\.6$/], [/^libc\.musl-(x86_64|aarch64)\.so\.1$/], [/^libSystem\.B\.dylib$/]])('the C library of a system that knows it as %p is found', (name) => {
  expect(openCLibrary(refuseAllBut(name))).toMatch(name)
})

test('a system that knows it by none of its names has none', () => {
  expect(openCLibrary(refuseAllBut(/^$/))).toBeNull()
})
