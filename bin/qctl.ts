import pjson from '../package.json' with {type: 'json'}

const argv = process.argv.slice(2)

if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  // The first look at `process.stdout` costs more than everything else here.
  console.log(`qctl ${pjson.version}`)
} else if (!(await tookShortWay())) {
  // Imported late: the line above takes 4 ms, oclif alone 20.
  const {full} = await import('./full.ts')
  await full(argv)
}

/** A plain `produce` is done without oclif; it costs a quarter. */
async function tookShortWay(): Promise<boolean> {
  if (argv[0] !== 'produce') return false
  const {produceFast} = await import('../src/lib/cli/produce-fast.ts')
  return produceFast(argv)
}
