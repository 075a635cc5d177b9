import type {CommandTable} from '../lib/cli/program.ts'

/** Every command. Adding one: its file, a line here, its test. Ids use `:` where people type a blank. */
export const commands: CommandTable = {
  config: async () => (await import('./config.ts')).default,
  help: async () => (await import('./help.ts')).default,
  consume: async () => (await import('./consume.ts')).default,
  'consumers:list': async () => (await import('./consumers/list.ts')).default,
  init: async () => (await import('./init.ts')).default,
  'jobs:assign': async () => (await import('./jobs/assign.ts')).default,
  'jobs:cancel': async () => (await import('./jobs/cancel.ts')).default,
  'jobs:delete': async () => (await import('./jobs/delete.ts')).default,
  'jobs:fail': async () => (await import('./jobs/fail.ts')).default,
  'jobs:list': async () => (await import('./jobs/list.ts')).default,
  'jobs:resubmit': async () => (await import('./jobs/resubmit.ts')).default,
  'jobs:show': async () => (await import('./jobs/show.ts')).default,
  'jobs:wait': async () => (await import('./jobs/wait.ts')).default,
  produce: async () => (await import('./produce.ts')).default,
  'queues:create': async () => (await import('./queues/create.ts')).default,
  'queues:delete': async () => (await import('./queues/delete.ts')).default,
  'queues:list': async () => (await import('./queues/list.ts')).default,
  'queues:pause': async () => (await import('./queues/pause.ts')).default,
  'queues:purge': async () => (await import('./queues/purge.ts')).default,
  'queues:resume': async () => (await import('./queues/resume.ts')).default,
  'queues:set': async () => (await import('./queues/set.ts')).default,
  'queues:show': async () => (await import('./queues/show.ts')).default,
  reap: async () => (await import('./reap.ts')).default,
  version: async () => (await import('./version.ts')).default,
}
