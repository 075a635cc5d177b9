/** Units for systemd: a template for the consumers, and a target over all. */
import {type ConfigFile, consumerCommand, type Plan, producerCommand, reaperCommand, stopWaitSeconds} from './plan.ts'
import {systemdWord} from './words.ts'

/** Exit statuses that a restart cannot help (qctl help exit-codes). */
const HOPELESS = '2 65 66 77 78'

/** The units of a plan. Without a user they are for the user's own systemd. */
export function systemdFiles(plan: Plan): readonly ConfigFile[] {
  const {before, after} = consumerCommand(plan)
  const producer = producerCommand(plan)
  return [
    {path: 'qctl-consumer@.service', text: unit(plan, 'consumer %i', [...before, '--name', new Verbatim('consumer_%i'), ...after], 'own')},
    {path: 'qctl-reaper.service', text: unit(plan, 'reaper', reaperCommand(plan))},
    ...(producer === null ? [] : [{path: 'qctl-producer.service', text: unit(plan, 'producer', producer)}]),
    {path: 'qctl.target', text: target(plan)},
  ]
}

/** A word that holds specifiers of systemd. */
class Verbatim {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** A consumer may make control groups below its `own`: without root, --limit-mem and --limit-procs would be kept by `ulimit` alone. */
type ControlGroups = 'own' | 'none'

function unit(plan: Plan, what: string, command: readonly (string | Verbatim)[], groups: ControlGroups = 'none'): string {
  const words = command.map(word => (word instanceof Verbatim ? word.text : systemdWord(word)))
  return `# Written by "qctl supervisor init --format systemd".
[Unit]
Description=qctl ${what}
PartOf=qctl.target
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=exec
ExecStart=${words.join(' ')}
WorkingDirectory=${plan.workingDirectory.replaceAll('%', '%%')}
${plan.user === null ? '' : `User=${plan.user}\n`}Restart=always
RestartSec=1
RestartPreventExitStatus=${HOPELESS}
# TERM to qctl alone: it lets its handlers finish and ends them itself.
KillMode=mixed
TimeoutStopSec=${stopWaitSeconds(plan)}
${hardening(plan, groups)}
[Install]
WantedBy=qctl.target
`
}

/** A user's own systemd has no right to the second part. Handlers may write where the user may; tighten that if yours need less. */
function hardening({user}: Plan, groups: ControlGroups): string {
  const always = [...(groups === 'own' ? ['Delegate=yes'] : []), 'NoNewPrivileges=yes', 'LockPersonality=yes', 'RestrictSUIDSGID=yes']
  const system = ['ProtectSystem=full', 'ProtectKernelTunables=yes', 'ProtectKernelModules=yes', 'ProtectClock=yes']
  if (groups === 'none') system.push('ProtectControlGroups=yes')
  return [...always, ...(user === null ? [] : system)].map(line => `${line}\n`).join('')
}

function target({user}: Plan): string {
  return `# Written by "qctl supervisor init --format systemd".
[Unit]
Description=qctl: consumers, reaper, producer

[Install]
WantedBy=${user === null ? 'default.target' : 'multi-user.target'}
`
}
