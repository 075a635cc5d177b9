import {Chalk, type ChalkInstance, type ColorSupportLevel} from 'chalk'
import type {ColorChoice, Environment} from '../config.ts'

/** As much of a stream as decides how to write to it. */
export interface Screen {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly getColorDepth?: (() => number) | undefined
}

const LEVEL_OF_DEPTH: Readonly<Record<number, ColorSupportLevel>> = {1: 0, 4: 1, 8: 2, 24: 3}

/**
 * Decides how colourful a stream may be. chalk does not look at NO_COLOR by itself.
 *
 * @param choice `--color`; a clear word beats the environment
 * @param screen where the text goes
 * @param env NO_COLOR, FORCE_COLOR and TERM count
 * @returns chalk's level, 0 for none
 */
export function colorLevel(choice: ColorChoice, screen: Screen, env: Environment): ColorSupportLevel {
  const forced = env['FORCE_COLOR']
  if (choice === 'never') return 0
  if (choice === 'auto') {
    if (env['NO_COLOR']) return 0
    if (forced === '0' || forced === 'false') return 0
    if (forced === undefined && (screen.isTTY !== true || env['TERM'] === 'dumb')) return 0
  }
  if (forced === '2') return 2
  if (forced === '3') return 3
  return Math.max(1, LEVEL_OF_DEPTH[screen.getColorDepth?.() ?? 4] ?? 1) as ColorSupportLevel
}

/** A painter for a stream; with level 0 it leaves every text as it is. */
export function painter(level: ColorSupportLevel): ChalkInstance {
  return new Chalk({level})
}

/**
 * The width to lay a table out for.
 *
 * @returns columns of the terminal; null when there is none, so that nothing is cut in a pipe
 */
export function screenWidth(screen: Screen): number | null {
  return screen.isTTY === true && screen.columns !== undefined && screen.columns > 0 ? screen.columns : null
}
