import {debianVersion} from '../debian.ts'
import type {CommandPeer} from './command-peer.ts'

/** task-spooler: a server of its own per user, started by the first submission. */
export const tsp: CommandPeer = {
  name: 'task-spooler',
  version: () => debianVersion('task-spooler'),
  setting: {name: 'as it comes', note: 'memory only', durable: false},
  environment: {TS_SLOTS: '2', TS_SOCKET: 'socket', TMPDIR: '.'},
  batch: `for n in $(seq "$N"); do tsp "$@" "$n"; done > ids
for id in $(tail -n 2 ids); do tsp -w "$id"; done`,
  submit: {command: ['tsp', 'true'], count: 'tsp | tail -n +2 | wc -l'},
  end: 'tsp -K',
}
