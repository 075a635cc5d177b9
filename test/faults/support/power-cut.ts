/**
 * What a disk may hold after the power was cut. A file has what was synced, and of what was written to it since, any part: sectors
 * of 512 bytes in any order. A directory has the names it had when it was synced, and what was made or removed since up to any point.
 */
import {mkdirSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import type {Step} from './recorded-writes.ts'

const SECTOR = 512

/** How much of what was not synced got there: nothing, all of it (as after a crash of the program only), or any part. */
export const CUTS = ['dropped', 'kept', 'torn'] as const
export type Cut = (typeof CUTS)[number]

type Data = Extract<Step, {kind: 'write' | 'truncate'}>

/** A file as the disk has it. */
interface Inode {
  synced: Buffer
  pending: Data[]
}

interface Naming {
  readonly name: string
  readonly inode: Inode | null
}

/** A disk on which recorded steps are done again. */
export class CutDisk {
  readonly #names = new Map<string, Inode>()
  #syncedNames: ReadonlyMap<string, Inode> = new Map()
  #pendingNames: Naming[] = []
  readonly #random: () => number

  /** @param random decides which part is kept */
  constructor(random: () => number) {
    this.#random = random
  }

  /** Does a step. */
  take(step: Step): void {
    switch (step.kind) {
      case 'write':
      case 'truncate':
        this.#inode(step.file).pending.push(step)
        return
      case 'sync':
        if (step.file === '') this.#syncNames()
        else this.#syncFile(this.#inode(step.file))
        return
      case 'create':
        this.#name(step.file, {synced: Buffer.alloc(0), pending: []})
        return
      case 'remove':
        this.#name(step.file, null)
        return
      case 'told':
    }
  }

  /** True while something of a file is not synced. */
  isDirty(file: string): boolean {
    return (this.#names.get(file)?.pending.length ?? 0) > 0
  }

  /** Writes what may be there when the power comes back. */
  writeImage(directory: string, cut: Cut): void {
    rmSync(directory, {recursive: true, force: true})
    mkdirSync(directory, {recursive: true, mode: 0o700})
    for (const [name, inode] of this.#namesAfter(cut)) writeFileSync(join(directory, name), this.#contentAfter(inode, cut), {mode: 0o600})
  }

  #namesAfter(cut: Cut): ReadonlyMap<string, Inode> {
    const count = {dropped: 0, kept: this.#pendingNames.length, torn: Math.floor(this.#random() * (this.#pendingNames.length + 1))}[cut]
    const names = new Map(this.#syncedNames)
    for (const {name, inode} of this.#pendingNames.slice(0, count)) {
      if (inode === null) names.delete(name)
      else names.set(name, inode)
    }
    return names
  }

  #contentAfter({synced, pending}: Inode, cut: Cut): Buffer {
    if (cut === 'dropped') return synced
    return cut === 'kept' ? apply(synced, pending) : apply(synced, pending.flatMap(step => this.#partOf(step)))
  }

  /** Each sector of a write by itself; sectors end where those of the file end. */
  #partOf(step: Data): Data[] {
    if (step.kind === 'truncate') return this.#random() < 0.5 ? [step] : []
    const parts: Data[] = []
    for (let from = 0; from < step.bytes.length; ) {
      const to = Math.min(step.bytes.length, from + SECTOR - ((step.offset + from) % SECTOR))
      if (this.#random() < 0.5) parts.push({...step, offset: step.offset + from, bytes: step.bytes.subarray(from, to)})
      from = to
    }
    return parts
  }

  #inode(file: string): Inode {
    const inode = this.#names.get(file)
    if (inode === undefined) throw new Error(`${file} was not made in this recording`)
    return inode
  }

  #name(name: string, inode: Inode | null): void {
    if (inode === null) this.#names.delete(name)
    else this.#names.set(name, inode)
    this.#pendingNames.push({name, inode})
  }

  #syncFile(inode: Inode): void {
    inode.synced = apply(inode.synced, inode.pending)
    inode.pending = []
  }

  #syncNames(): void {
    this.#syncedNames = new Map(this.#names)
    this.#pendingNames = []
  }
}

/** The content after some steps. */
function apply(content: Buffer, steps: readonly Data[]): Buffer {
  if (steps.length === 0) return content
  const longest = Math.max(content.length, ...steps.map(step => (step.kind === 'write' ? step.offset + step.bytes.length : step.length)))
  const result = Buffer.alloc(longest)
  content.copy(result)
  let length = content.length
  for (const step of steps) {
    if (step.kind === 'write') {
      step.bytes.copy(result, step.offset)
      length = Math.max(length, step.offset + step.bytes.length)
    } else {
      result.fill(0, step.length)
      length = step.length
    }
  }
  return result.subarray(0, length)
}
