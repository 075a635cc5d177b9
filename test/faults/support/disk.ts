import {mkdirSync} from 'node:fs'
import {waitFor} from '../../support/wait-for.ts'
import {requireMounts} from './rights.ts'
import type {Finished, Running, Scene, StartOptions} from './scene.ts'

/**
 * A file system that only the processes of a test see: it is mounted in a namespace of its own, which a sleeping process keeps
 * for less than a minute, so that nothing stays mounted whatever happens to the test.
 */
export class Disk {
  readonly path: string
  readonly #scene: Scene
  readonly #holder: Running

  private constructor(scene: Scene, path: string, holder: Running) {
    this.#scene = scene
    this.path = path
    this.#holder = holder
  }

  /**
   * Mounts it.
   * @param mount shell with `$DISK` as the mount point
   */
  static async mount(scene: Scene, mount: string): Promise<Disk> {
    requireMounts()
    const path = scene.path('disk')
    mkdirSync(path, {recursive: true, mode: 0o755})
    const holder = scene.start(['unshare', '-m', 'sh', '-ec', `${mount}; echo ready; exec sleep 55`], {env: {DISK: path}})
    await waitFor(() => holder.stdout.includes('ready'), {what: 'the file system is mounted'})
    return new Disk(scene, path, holder)
  }

  /** An empty file system of a size, in memory. */
  static ofSize(scene: Scene, size: string): Promise<Disk> {
    return Disk.mount(scene, `mount -t tmpfs -o size=${size} none "$DISK"`)
  }

  /** Put before a command that is to see it. */
  get wrap(): readonly string[] {
    return ['nsenter', '-t', String(this.#holder.pid), '-m', '--']
  }

  /** How this process sees a file of it. */
  seen(...names: readonly string[]): string {
    return [`/proc/${this.#holder.pid}/root${this.path}`, ...names].join('/')
  }

  /** Runs a line of shell on it. */
  async sh(line: string): Promise<Finished> {
    return this.#scene.sh(line, {wrap: this.wrap, env: {DISK: this.path}})
  }

  /** Fills what is left of it. */
  async fill(): Promise<void> {
    await this.sh('dd if=/dev/zero of="$DISK/filler" bs=4k 2>/dev/null; dd if=/dev/zero of="$DISK/filler2" bs=1 2>/dev/null; true')
  }

  async free(): Promise<void> {
    await this.sh('rm -f "$DISK"/filler*')
  }

  /** Runs the binary on it. */
  qctl(args: readonly string[], options: StartOptions = {}): Promise<Finished> {
    return this.#scene.qctl(args, {...options, wrap: [...this.wrap, ...(options.wrap ?? [])]})
  }
}
