import {fileKey, SETTINGS, type Setting, type SettingName} from '../config.ts'
import {ERRORS} from '../errors.ts'

/** A page of help that belongs to no command. */
export interface HelpPage {
  readonly name: string
  readonly summary: string
  /** A paragraph is one line here; who prints it wraps it. */
  readonly text: () => string
}

/** What an exit status means; the codes of errors come from their table. */
const EXIT_MEANINGS: readonly (readonly [number, string])[] = [
  [0, 'ok, also "nothing to do", and a daemon that drained cleanly'],
  [1, 'a job waited for failed or was cancelled, some of a bulk failed, doctor found a fault'],
  [2, 'usage: unknown command or flag, bad value, missing confirmation'],
  [4, 'conflict: the state does not allow it'],
  [65, 'not a qctl database, corrupt, bad or too big payload or input line'],
  [66, 'a job, queue, consumer, database or input file that was named does not exist'],
  [69, 'supervisord, or the consumer of the run, cannot be reached'],
  [70, 'a bug in qctl'],
  [73, 'cannot create or open: read-only place, not a file'],
  [74, 'I/O error or full disk at commit: the outcome is unknown'],
  [75, 'busy past --lock-timeout: nothing was stored, it is safe to repeat'],
  [77, 'permission denied'],
  [78, 'the database was made by a newer qctl or is in use on another host, or the configuration is bad'],
  [124, 'a wait ran out of time; the job goes on'],
  [129, 'ended by HUP'],
  [130, 'ended by INT (Ctrl-C)'],
  [143, 'ended by TERM'],
]

function lines(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n')
}

function exitCodes(): string {
  const rows = EXIT_MEANINGS.map(([exit, meaning]) => {
    const codes = Object.entries(ERRORS).filter(([, error]) => error.exit === exit)
    return [String(exit), `${meaning}${codes.length > 0 ? ` [${codes.map(([code]) => code).join(', ')}]` : ''}`] as const
  })
  return `EXIT CODES\n${lines(rows)}

The words in brackets are the codes of errors in JSON. qctl never exits 126 or 127 of its own: those mean \
that the shell did not find qctl. With --json an error is also an object on stdout:
  {"error": {"code", "exit", "message", "hint", "retryable"}}`
}

function environment(): string {
  const settings = (Object.keys(SETTINGS) as SettingName[]).map((name) => {
    const setting: Setting<unknown> = SETTINGS[name]
    return [setting.env, `${setting.help} (${setting.shape}; ${fileKey(name)} in a file)`] as const
  })
  return `ENVIRONMENT
${lines([
  ...settings,
  ['QCTL_CONFIG', 'read this configuration file and no other'],
  ['NO_COLOR', 'no colour'],
  ['FORCE_COLOR', 'colour also in a pipe; 2 or 3 for more of it'],
  ['XDG_STATE_HOME', 'where the database is when nobody names one: qctl/qctl.db below it'],
  ['XDG_CONFIG_HOME', 'where the configuration is: qctl/config.toml below it'],
])}

CONFIGURATION FILES
  $XDG_CONFIG_HOME/qctl/config.toml (default ~/.config/qctl/config.toml), then /etc/qctl/config.toml.
  TOML; an unknown setting is an error. Flags beat the environment, that beats the files. \
Nothing in the current directory is ever read. "qctl config" shows what is in force.`
}

const FILTERS = `FILTERS
  --where 'field operator value …', for jobs list and the verbs that change many jobs.
  Conditions side by side must all hold. Join others with "or", turn one around with "not (…)".

OPERATORS
  =  !=  <  >  <=  >=   ~ (contains)   in(a,b)

FIELDS
  queue state key tag consumer reason error     text; state also takes scheduled and retrying
  id priority attempts                          whole numbers
  created updated finished run_at               times: 2026-11-22T06:49:01Z, -1h, now+10m, yesterday, "tomorrow 9:00"
  age                                           a duration since it was submitted: 10m, 1h30m, 7d
  payload.PATH                                  what a JSON payload has there: payload.user.id, payload.items[0]
  Quote a value with blanks by "…".

EXAMPLES
  id>=1                                every job; a blank filter and an empty key are refused
  queue=mail state=failed              failed jobs of one queue
  state=failed age>1d                  failed, and older than a day
  state in(failed,cancelled)           one of several states
  tag=nightly or priority>=100         either
  not (queue=mail)                     everything else
  error ~ timeout                      the error contains a word
  created>-1h                          submitted within the last hour
  state=failed finished>=yesterday finished<today
                                       what failed yesterday, from midnight to midnight
  key=order-4711                       one job by its key
  run_at<now+10m state=pending         due within ten minutes
  attempts>=3 state=pending            tried before, waiting again
  payload.user.id=42                   a value inside a JSON payload (looked for job by job)`

const HANDLERS = `HANDLERS
  qctl consume -Q QUEUE -- CMD [ARG…] runs CMD once per job, without a shell.
  The payload is on stdin. Nothing of a job is ever put into the command line.

ENVIRONMENT OF A HANDLER
  QCTL_JOB_ID QCTL_QUEUE QCTL_ATTEMPT QCTL_MAX_ATTEMPTS QCTL_FENCE QCTL_KEY QCTL_CONTENT_TYPE QCTL_CONSUMER \
QCTL_DEADLINE QCTL_DB QCTL_SOCKET
  QCTL_FILE           the path, for a job made by produce --file
  QCTL_RESULT_FILE    what is written there becomes the job's result
  The rest is the consumer's own environment, but for what steers qctl itself or says where its database is: BUN_* NODE_OPTIONS \
DATABASE_URL PG* SUPERVISOR_SERVER_URL. A handler that needs one of these is given it in its command: \
-- env PGHOST=db PGUSER=me ./handler
  Every other secret is inherited: give a consumer only what its handlers may see.

WHAT IT CAN SAY WHILE IT RUNS
  qctl job progress 40          how far it is, in percent; stored within a second
  qctl job result TEXT          the job's result, if the handler ends with success; - or nothing: from stdin
  qctl job snooze 10m           run it again later, without spending an attempt, if the handler ends with 0 or 75
  Taken only from the run that holds the job now: exit 4 when that is over, 69 when the consumer is gone.
  Other languages send a line of JSON to the unix socket QCTL_SOCKET and read one back:
  {"id":7,"fence":3,"progress":0.4}   also "result", "result_base64", "snooze":"10m"   → {"ok":true}

WHAT IT PRINTS
  stdout and stderr are kept with the run, in the order they were read: the last 64 KiB of each, and how much was before \
them. qctl jobs logs ID prints them, with -f while the run goes on. Until then they are in a file that only this user \
may read, in the directory DATABASE.run; a run of a moment makes none. Should the consumer die, what is in that file \
becomes the output of the lost run: all but the last tenth of a second.
  Whatever holds the output open after the handler has ended is heard for 250 ms more.

WHAT IS MEASURED
  Wall time, CPU time (of the handler and what it waited for) and peak memory (of its largest process). Memory above the \
consumer's own is exact; less than that is what was seen in looks 3 ms after the start and then at least five times a \
second, so it may be a little too low, and it is unknown (null) of a handler that was over before.

WHAT ITS EXIT STATUS MEANS
  0            done
  65           the job is bad: failed now, without another attempt
  75           not now: later, and no attempt is spent
  78           the handler is broken, not the job: the queue is paused, the job goes back unspent
  126, 127     as 78, after three in a row
  other        a failed attempt: it is tried again after a while
  a signal     a crash
  --on-exit changes this, for example --on-exit 75=retry:10m,78=pause-queue

WHAT ENDS IT
  Its time limit, jobs cancel and jobs fail: TERM to its process group, KILL after --grace, and KILL to whatever left the \
group: that is found by its environment. A stop of the consumer lets it go on for --grace; then the same, KILL after \
half a second.
  Its exit status does not count then, 0 neither: many programs end tidily on TERM without having done their work. After a \
stop of the consumer the job goes back without spending an attempt (outcome released), and runs again. Of a worker "ok":true, \
or what the function of a module returns, counts all the same.
  When the consumer cannot end it (killed, stopped, \
blocked) its guard does: at once, or before the lease ends. --limit-mem and --limit-procs bound it with all it starts, \
by a control group of its own where one can be made, else by ulimit: memory then counts addresses, per process, and \
processes count for the whole user and not for root. The log says which; where neither works: exit 78.

HOW A RUN WAS LOST OR CRASHED (cause in jobs show)
  signal          it died by a signal that qctl did not send
  oom             the kernel killed it, or something it had started, for want of memory
  worker_died     the worker that had it longest of all jobs ended by itself
  bad_answer      the worker that had it longest of all jobs wrote what is no answer, and was killed for it
  lease_expired   its consumer did not prolong the lease in time
  consumer_died   its consumer is gone: a crash only if this was the only job it held
  host_rebooted   the host was started anew

WITHOUT A PROGRAM OF YOURS
  --http URL posts the payload with the job's content type. 2xx is done, and the answer's body (1 MiB at most) the result; \
408, 425, 429 and 5xx are tried again, not before Retry-After if it is given; any other 4xx and 3xx fail the job: no \
redirect is followed. Headers: Idempotency-Key (the same in every run of a job), Qctl-Job-Id, Qctl-Queue, Qctl-Attempt, \
Qctl-Max-Attempts, Qctl-Fence, Qctl-Consumer, Qctl-Key (percent-encoded), Qctl-Deadline, Qctl-File; others from \
--http-header-file. Without a timeout an answer is waited for 5 minutes. Addresses that are not public are refused, \
whatever name leads there, unless --allow-private is given; proxies of the environment are not used.
  There is no process that could be asked to end: timeout, cancel, stop and a lost lease cut the request off at once, \
and what the receiver goes on doing nobody sees.
  --handler timestamp writes the time at the top of the file of each job.

WORKERS THAT STAY
  qctl consume -c 100 --workers 4 --stream 'python3 worker.py'
  Each worker reads jobs from stdin and writes answers to stdout, one JSON object per line, in any order:
  {"id","queue","attempt","max_attempts","fence","key","content_type","file",
   "timeout_ms","payload" or, if it is not UTF-8, "payload_base64"}
  {"id","fence","ok":true}                      also "result" or "result_base64", up to 1 MiB
  {"id","fence","error":"…"}                    also "retry":"10m", or "retry":false to fail it for good
  {"id","fence","snooze":"10m"}                 null = by the queue's backoff
  {"id","fence","progress":0.4}                 before the answer
  In its environment: QCTL_WORKER QCTL_CONSUMER QCTL_QUEUE QCTL_DB. Its stderr is kept with the job it has had longest. \
It is killed and replaced when it ends, writes anything else, does not answer its oldest job within that job's time \
limit, or has a job that is cancelled. Its oldest job is charged for the first three, the others go back unharmed. \
Ends without a job in hand, and exits 126, 127 and 78, charge no job. An answer for a job it does not have, with an \
old fence, or given twice is refused and logged, and the worker goes on.

  qctl consume -c 100 --module handler.ts
  The default export is called for each job: export default async (job, {signal, log, progress}) => result
  job: id queue attempt fence key contentType file payload text() json(). A result may have 1 MiB. A throw is a failed attempt; \
import {Permanent, Snooze} from 'qctl' to say more. The signal is aborted when the job has to end.

WHEN A JOB RUNS TWICE
  After a crash between the handler's success and its acknowledgement, or after a freeze of everything for longer than the \
lease. Make handlers that can bear it: QCTL_FENCE grows with every claim and tells an old one from a new one.
  Never twice at the same time, within one pid namespace, where the handler is a process (CMD, --shell, --stream, --module): \
that is killed before the job is granted again. What runs in the consumer's own process cannot be: a request of --http, a \
function of the library, a job in your hand in top. If that process is stopped or blocked for longer than the lease, the \
job is granted again beside it; what it says then is refused. Set a lease longer than the longest block (qctl queues set \
QUEUE --lease 10m), use a handler that is a process, or let the higher fence win.`

/** Every page. */
export const HELP_PAGES: readonly HelpPage[] = [
  {name: 'exit-codes', summary: 'what each exit status means', text: exitCodes},
  {name: 'environment', summary: 'variables and configuration files', text: environment},
  {name: 'filters', summary: 'how to say which jobs: --where', text: () => FILTERS},
  {name: 'handlers', summary: 'what a handler gets, and what its exit status means', text: () => HANDLERS},
]
