import pjson from '../package.json' with {type: 'json'}

const argv = process.argv.slice(2)
const [first] = argv

if (argv.length === 1 && (first === '--version' || first === '-V' || first === 'version')) {
  process.stdout.write(`qctl ${pjson.version}\n`)
} else {
  // Imported late: the line above takes 4 ms, oclif alone 20.
  const {full} = await import('./full.ts')
  await full(argv)
}
