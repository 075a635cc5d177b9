import pjson from '../package.json' with {type: 'json'}

const argv = process.argv.slice(2)

/** What still runs after this time is worth compiling as always; see `jitPolicy` in build.ts. */
const STARTED_MS = 100

if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  // Not `process.stdout`, whose making costs more than everything else here.
  console.log(`qctl ${pjson.version}`)
} else if (argv[0] === '__guard') {
  // One lives beside every consumer: nothing else is loaded, so that it stays small.
  const {runGuard} = await import('../src/lib/guard/run.ts')
  await runGuard(argv.slice(1))
  process.exit()
} else if (argv[0] === '__module-worker') {
  await workForModule(argv[1] ?? '')
} else if (!(await tookShortWay())) {
  setTimeout(() => Bun.unsafe.setJITPolicy(1), STARTED_MS).unref()
  const {full} = await import('./full.ts')
  await full(argv)
}

/** Runs a module of the user's for a consumer. */
async function workForModule(file: string): Promise<void> {
  setTimeout(() => Bun.unsafe.setJITPolicy(1), STARTED_MS).unref()
  const {runModuleWorker} = await import('../src/lib/handlers/module-worker.ts')
  process.exit(await runModuleWorker(file, () => import('../src/index.ts')))
}

/** A plain `produce` or `job` is done without oclif; it costs a quarter. */
async function tookShortWay(): Promise<boolean> {
  if (argv[0] === 'job') {
    const {jobFast} = await import('../src/lib/cli/job-fast.ts')
    return jobFast(argv)
  }
  if (argv[0] !== 'produce') return false
  const {produceFast} = await import('../src/lib/cli/produce-fast.ts')
  return produceFast(argv)
}
