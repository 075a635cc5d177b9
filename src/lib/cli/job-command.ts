import type {Saying} from '../job-message.ts'
import {say} from './job-channel.ts'
import {saidJson} from './job-verbs.ts'
import type {Printer} from './print.ts'

/** Says one thing to the consumer of the job this process works on; only programs are told that it was taken. */
export async function sayOnPaper(saying: Saying, print: Printer): Promise<void> {
  const claim = await say(saying, process.env)
  print.result(saidJson(claim, saying), () => undefined)
}
