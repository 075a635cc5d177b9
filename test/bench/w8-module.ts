/** A module whose function does nothing; at its end it notes the jobs it had. */
import {writeFileSync} from 'node:fs'
import type {Handler} from '../../src/index.ts'

const ids: number[] = []
process.on('exit', () => writeFileSync(`${process.env['BENCH_NOTES']}/${process.pid}.json`, JSON.stringify(ids)))

const handler: Handler = job => {
  ids.push(job.id)
}
export default handler
