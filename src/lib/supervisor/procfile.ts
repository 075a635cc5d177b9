/** A Procfile, for Honcho and Foreman: one line per process. */
import {type ConfigFile, consumerCommand, consumerName, type Plan, producerCommand, reaperCommand} from './plan.ts'
import {procfileWord} from './words.ts'

/**
 * Writes a plan as a Procfile.
 * @param plan which processes; its `consumers` is how many of them there are
 * @returns the one file, by its name in the directory it belongs into
 */
export function procfile(plan: Plan): readonly ConfigFile[] {
  const {before, after} = consumerCommand(plan)
  const producer = producerCommand(plan)
  const consumers = Array.from({length: plan.consumers}, (_, number) => consumerName(number))
  const lines = [
    ...consumers.map(name => line(name, [...before, '--name', name, ...after])),
    line('reaper', reaperCommand(plan)),
    ...(producer === null ? [] : [line('producer', producer)]),
  ]
  return [{path: 'Procfile', text: lines.join('')}]
}

function line(name: string, command: readonly string[]): string {
  return `${name}: ${command.map(word => procfileWord(word)).join(' ')}\n`
}
