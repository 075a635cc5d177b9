import {debianVersion} from '../debian.ts'
import type {CommandPeer} from './command-peer.ts'

/** No queue, but what people use instead. */
export const xargs: CommandPeer = {
  name: 'xargs',
  version: () => debianVersion('findutils'),
  setting: {name: 'as it comes', note: 'keeps nothing', durable: false},
  batch: 'seq "$N" | xargs -n 1 -P 2 "$@"',
}
