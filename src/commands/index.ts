import type {CommandTable} from '../lib/cli/program.ts'

/** Every command. Adding one: its file, a line here, its test. Ids use `:` where people type a blank. */
export const commands: CommandTable = {
  config: async () => (await import('./config.ts')).default,
  help: async () => (await import('./help.ts')).default,
  produce: async () => (await import('./produce.ts')).default,
  version: async () => (await import('./version.ts')).default,
}
