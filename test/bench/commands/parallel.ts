import {debianVersion} from '../debian.ts'
import type {CommandPeer} from './command-peer.ts'

export const parallel: CommandPeer = {
  name: 'GNU parallel',
  version: () => debianVersion('parallel'),
  setting: {name: 'as it comes', note: 'keeps nothing', durable: false},
  batch: 'seq "$N" | parallel --will-cite -j 2 "$@"',
}
