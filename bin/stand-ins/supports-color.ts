/**
 * Stands in for the package of this name, in the binary: oclif's help asks it whether to print headings bold. It loads
 * node:tty (3 ms) also for a pipe, knows no NO_COLOR, and takes `--color never` for a wish to have colour.
 */
import {COLOR_CHOICES, SETTINGS} from '../../src/lib/config.ts'
import {stderr as errors, stdout as data} from '../../src/lib/cli/papers.ts'
import {colorLevel, type Screen} from '../../src/lib/cli/terminal.ts'

function isColorful(screen: Screen): boolean {
  const [, flag] = /\0--color[=\0](\w+)/.exec(`\0${process.argv.join('\0')}`) ?? []
  const asked = flag ?? process.env[SETTINGS.color.env]
  return colorLevel(COLOR_CHOICES.find((choice) => choice === asked) ?? 'auto', screen, process.env) > 0
}

export const stdout = isColorful(data)
export const stderr = isColorful(errors)
