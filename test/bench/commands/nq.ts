import {debianVersion} from '../debian.ts'
import type {CommandPeer} from './command-peer.ts'

/** nq: a queue is a directory and runs one job at a time, so two of them are two slots. */
export const nq: CommandPeer = {
  name: 'nq',
  version: () => debianVersion('nq'),
  setting: {name: 'as it comes', note: 'files without fsync', durable: false},
  batch: `for n in $(seq "$N"); do NQDIR=queue$((n % 2)) nq "$@" "$n"; done > ids
for queue in queue0 queue1; do NQDIR=$queue nq -w; done`,
  submit: {command: ['nq', 'true'], count: 'ls | grep -c ^,'},
  end: 'nq -w',
}
