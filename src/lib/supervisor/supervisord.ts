/** The configuration of supervisord. */
import {type ConfigFile, consumerCommand, type Plan, producerCommand, reaperCommand, stopWaitSeconds} from './plan.ts'
import {supervisordPath, supervisordWord} from './words.ts'

/** The group that consumers are in: `consumer:consumer_00`. */
export const CONSUMER_GROUP = 'consumer'

/** All files but the directories `logs` and `run`, which are empty. */
export function supervisordFiles(plan: Plan): readonly ConfigFile[] {
  const producer = producerCommand(plan)
  return [
    {path: 'supervisord.conf', text: mainFile(plan)},
    {path: 'conf.d/consumer.conf', text: consumerFile(plan)},
    {path: 'conf.d/reaper.conf', text: roleFile(plan, 'reaper', reaperCommand(plan))},
    ...(producer === null ? [] : [{path: 'conf.d/producer.conf', text: roleFile(plan, 'producer', producer)}]),
    {path: 'conf.d/scale.conf', text: scaleFile(plan.consumers, plan.maxConsumers)},
  ]
}

function mainFile({user}: Plan): string {
  return `; For supervisord, written by "qctl supervisor init". Change what you like: an existing file is kept unless --force is given.
; Everything is found from this directory, so it works wherever it is started from.

[unix_http_server]
file=%(here)s/run/supervisor.sock
chmod=0700

[supervisord]
logfile=%(here)s/logs/supervisord.log
logfile_maxbytes=5MB
logfile_backups=3
pidfile=%(here)s/run/supervisord.pid
childlogdir=%(here)s/logs
${user === null ? '' : `user=${user}\n`}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://%(here)s/run/supervisor.sock

[include]
files=conf.d/*.conf
`
}

/**
 * supervisord has one way to change how many processes a program has: it stops them all first. So there are as many as there
 * may ever be, in one group, and those that are not wanted are not started. Who says how many is the program that a process
 * belongs to, because `autostart` is a matter of programs; the numbers are in a file of their own.
 */
function consumerFile(plan: Plan): string {
  const {before, after} = consumerCommand(plan)
  const words = (some: readonly string[]): string => some.map(word => supervisordWord(word, plan.directory)).join(' ')
  const program = (name: string, autostart: boolean): string => `[program:${name}]
command=${words(before)} --name consumer_%(process_num)02d ${words(after)}
process_name=consumer_%(process_num)02d
autostart=${autostart}
stdout_logfile=%(here)s/../logs/consumer_%(process_num)02d.out.log
${common(plan)}`
  return `; The consumers: consumer:consumer_00, consumer:consumer_01, …
; How many of them run is in scale.conf; change it with "qctl supervisor scale N", which leaves the others alone.
; ("supervisorctl update" after that would restart them all.)

[group:${CONSUMER_GROUP}]
programs=consumer,consumer-spare

${program('consumer', true)}
; The same once more, for those that only "scale" starts.
${program('consumer-spare', false)}`
}

function roleFile(plan: Plan, name: string, command: readonly string[]): string {
  return `[program:${name}]
command=${command.map(word => supervisordWord(word, plan.directory)).join(' ')}
autostart=true
stdout_logfile=%(here)s/../logs/${name}.out.log
${common(plan)}`
}

/** TERM lets qctl drain and end its handlers itself; the KILL after the wait is for the whole group. */
function common(plan: Plan): string {
  const here = plan.workingDirectory === plan.directory
  return `directory=${here ? '%(here)s/..' : supervisordPath(plan.workingDirectory)}
autorestart=true
startsecs=1
startretries=3
stopsignal=TERM
stopwaitsecs=${stopWaitSeconds(plan)}
stopasgroup=false
killasgroup=true
redirect_stderr=true
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=3
`
}

/** The file that says how many consumers supervisord starts when it starts itself. */
export function scaleFile(consumers: number, maxConsumers: number): string {
  return `; Written by "qctl supervisor scale ${consumers}". It belongs to qctl: changes are lost.

[program:consumer]
numprocs=${consumers}
numprocs_start=0

[program:consumer-spare]
numprocs=${maxConsumers - consumers}
numprocs_start=${consumers}
`
}

/** Reads how many consumers are wanted; `null` when that is not what {@link scaleFile} has written. */
export function readScale(text: string): number | null {
  const [, consumers] = /^\[program:consumer\]\nnumprocs=(\d+)$/m.exec(text) ?? []
  return consumers === undefined ? null : Number(consumers)
}
