/** A stream worker that does nothing but say so, and at its end notes the jobs it had in the file it is given. */
import {writeFileSync, writeSync} from 'node:fs'

const [, , directory = ''] = process.argv
const ids: number[] = []
let rest = ''
for await (const chunk of Bun.stdin.stream()) {
  const lines = (rest + Buffer.from(chunk).toString()).split('\n')
  rest = lines.pop() ?? ''
  let answers = ''
  for (const line of lines) {
    const {id, fence} = JSON.parse(line) as {readonly id: number; readonly fence: number}
    ids.push(id)
    answers += `{"id":${id},"fence":${fence},"ok":true}\n`
  }
  writeSync(1, answers)
}
writeFileSync(`${directory}/${process.pid}.json`, JSON.stringify(ids))
