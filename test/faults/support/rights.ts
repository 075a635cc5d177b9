import {spawnSync} from 'node:child_process'

/**
 * Names what a test lacks, instead of skipping it.
 * @param tool a program
 * @param debianPackage where it comes from
 * @throws {Error} when it is not installed
 */
export function requireTool(tool: string, debianPackage = 'util-linux'): void {
  if (Bun.which(tool) === null) throw new Error(`this test needs ${tool}, which is not installed (Debian: apt-get install ${debianPackage})`)
}

/** @throws {Error} when processes may not be traced */
export function requirePtrace(): void {
  requireTool('strace', 'strace')
  const {status, stderr} = spawnSync('strace', ['-o', '/dev/null', 'true'], {encoding: 'utf8'})
  if (status !== 0) throw new Error(`this test needs the right to trace processes (CAP_SYS_PTRACE): ${stderr.trim()}`)
}

/** @throws {Error} when file systems may not be mounted */
export function requireMounts(): void {
  requireTool('unshare')
  requireTool('nsenter')
  requireTool('mount', 'mount')
  const {status, stderr} = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt'], {encoding: 'utf8'})
  if (status !== 0) throw new Error(`this test needs the right to mount (root, CAP_SYS_ADMIN): ${stderr.trim()}`)
}

/** @throws {Error} when not root: a test gives up root to see what others may do */
export function requireRoot(why: string): void {
  if (process.getuid?.() !== 0) throw new Error(`this test needs root: ${why}`)
}
