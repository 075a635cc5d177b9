import type {ProcessState} from '../supervisor/client.ts'
import type {ProcessStatus} from '../supervisor/status.ts'
import {formatDurationShort} from '../time.ts'
import {aliveOf} from './consumer-json.ts'
import {csvColumns} from './csv-columns.ts'
import type {ListFormat} from './print.ts'

const CSV_SHOWN = 'name state pid uptime_ms restarts exit_status why consumer alive jobs concurrency processed failed log'.split(' ')

const STYLES: Partial<Readonly<Record<ProcessState, 'green' | 'yellow' | 'red'>>> = {RUNNING: 'green', STARTING: 'yellow', BACKOFF: 'yellow', STOPPING: 'yellow', FATAL: 'red'}

/** How processes of supervisord are listed. */
export const PROCESS_LIST: ListFormat<ProcessStatus> = {
  columns: [
    {key: 'name', title: 'PROCESS', value: process => process.fullName, style: () => 'bold'},
    {key: 'state', title: 'STATE', value: process => process.state, style: process => STYLES[process.state] ?? null},
    {key: 'pid', title: 'PID', value: process => process.pid, align: 'right', spare: true},
    {key: 'up', title: 'UP', value: ({uptimeMs}) => (uptimeMs === null ? null : formatDurationShort(uptimeMs)), align: 'right'},
    {key: 'restarts', title: 'RESTARTS', value: process => process.restarts, align: 'right'},
    {key: 'jobs', title: 'JOBS', value: ({consumer}) => (consumer === null ? null : `${consumer.jobs}/${consumer.concurrency}`), align: 'right'},
    {key: 'processed', title: 'PROCESSED', short: 'PROC', value: ({consumer}) => consumer?.processed ?? null, align: 'right'},
    {key: 'failed', title: 'FAILED', short: 'FAIL', value: ({consumer}) => consumer?.failed ?? null, align: 'right'},
    {key: 'alive', title: 'ALIVE', value: ({consumer}) => (consumer === null ? null : aliveOf(consumer)), wide: true},
    {key: 'log', title: 'LOG', value: process => process.log, wide: true, free: true},
    {key: 'why', title: 'WHY', value: process => process.why, free: true},
  ],
  csv: csvColumns(CSV_SHOWN, ['group'], statusJson),
  id: process => process.fullName,
  toJson: statusJson,
}

function statusJson(process: ProcessStatus): Readonly<Record<string, unknown>> {
  const {consumer} = process
  return {
    name: process.fullName,
    group: process.group,
    state: process.state,
    pid: process.pid,
    uptime_ms: process.uptimeMs,
    restarts: process.restarts,
    exit_status: process.exitStatus,
    why: process.why,
    consumer: consumer?.name ?? null,
    alive: consumer === null ? null : aliveOf(consumer),
    jobs: consumer?.jobs ?? null,
    concurrency: consumer?.concurrency ?? null,
    processed: consumer?.processed ?? null,
    failed: consumer?.failed ?? null,
    log: process.log,
  }
}
