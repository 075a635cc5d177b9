import pjson from '../../../package.json' with {type: 'json'}
import type {CommandPeer} from './command-peer.ts'

export const qctl: CommandPeer = {
  name: 'qctl',
  version: () => pjson.version,
  setting: {name: 'as it comes', durable: true},
  begin: 'qctl init -q',
  batch: `seq "$N" | qctl produce --lines -q > ids
qctl consume -c 2 --drain -q -- "$@"`,
  submit: {command: ['qctl', 'produce', 'hello'], count: 'qctl jobs list --limit 1000 -o id | wc -l'},
}
