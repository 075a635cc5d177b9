/**
 * The first schema.
 *
 * State codes are 2 pending, 3 processing, 4 done, 5 failed, 6 cancelled: all one byte wide, so that the happy path
 * (claim, done) overwrites a row in place; SQLite keeps 0 and 1 in no byte, and a row that grows splits its full page.
 * `payload` is the last column: lists never read its overflow pages.
 * Lanes of a pending job: 0 open to all, 1 assigned to one consumer, 2 suspect (runs alone).
 * `queue.minute`, `added` and `meter` are what was counted in that minute (its start, UTC ms; see `meter-bytes.ts`); the table `meter` has the minutes before it,
 * and under minute 0 the sum of all that are over.
 * `updated_at` of a finished job is when it finished.
 * `job.queue_id` is no declared reference: checking it at the end of a queue would read every job.
 * A queue that was deleted stays, under a name of its own, until the last of its jobs is gone (see `deleteQueue`): nothing finds them.
 * A lease belongs to its job's current fence: it is there exactly while the job is processing.
 * `event.queue` is the name of a queue that was itself changed, which may be gone; an event of a job has none.
 * `store.last_job_id` is the highest id among deleted jobs (see `deleteJob`): ids are never used twice.
 */
export const queueSchema = `
CREATE TABLE store (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  last_job_id INTEGER NOT NULL CHECK (last_job_id >= 0),
  durability TEXT NOT NULL CHECK (durability IN ('full', 'normal')),
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE queue (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 128),
  paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
  paused_reason TEXT CHECK (paused = 1 OR paused_reason IS NULL),
  paused_at INTEGER CHECK ((paused_at IS NOT NULL) = paused),
  last_run_at INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER NOT NULL,
  pending INTEGER NOT NULL DEFAULT 0 CHECK (pending >= 0),
  processing INTEGER NOT NULL DEFAULT 0 CHECK (processing >= 0),
  done INTEGER NOT NULL DEFAULT 0 CHECK (done >= 0),
  failed INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
  cancelled INTEGER NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
  settings TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(settings)),
  dead_letter_id INTEGER REFERENCES queue (id) CHECK (dead_letter_id <> id),
  deleted_at INTEGER,
  minute INTEGER NOT NULL DEFAULT 0,
  added INTEGER NOT NULL DEFAULT 0,
  meter BLOB
) STRICT;

CREATE TABLE meter (
  minute INTEGER NOT NULL,
  queue_id INTEGER NOT NULL,
  added INTEGER NOT NULL,
  meter BLOB NOT NULL,
  PRIMARY KEY (minute, queue_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE job (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  queue_id INTEGER NOT NULL,
  state INTEGER NOT NULL CHECK (state BETWEEN 2 AND 6),
  lane INTEGER NOT NULL CHECK (lane BETWEEN 0 AND 2),
  priority INTEGER NOT NULL CHECK (priority BETWEEN -1000 AND 1000),
  run_at INTEGER NOT NULL CHECK (run_at >= 0),
  fence INTEGER NOT NULL CHECK (fence >= 0),
  attempts INTEGER NOT NULL CHECK (attempts >= 0),
  crashes INTEGER NOT NULL CHECK (crashes >= 0),
  snoozes INTEGER NOT NULL CHECK (snoozes >= 0),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  file INTEGER NOT NULL CHECK (file IN (0, 1)),
  checksum INTEGER NOT NULL,
  reason INTEGER CHECK ((reason IS NOT NULL) = (state = 5)),
  content_type TEXT,
  key TEXT,
  tags TEXT CHECK (tags IS NULL OR json_valid(tags)),
  max_attempts INTEGER CHECK (max_attempts > 0),
  timeout_ms INTEGER CHECK (timeout_ms > 0),
  assigned_to TEXT CHECK ((lane <> 0 OR assigned_to IS NULL) AND (lane <> 1 OR assigned_to IS NOT NULL)),
  assigned_until INTEGER CHECK (assigned_until IS NULL OR assigned_to IS NOT NULL),
  origin_id INTEGER,
  dead_letter_id INTEGER,
  progress REAL CHECK (progress BETWEEN 0 AND 1),
  payload BLOB NOT NULL
) STRICT;

CREATE INDEX job_ready ON job (queue_id, priority, run_at) WHERE state = 2 AND lane = 0;
CREATE INDEX job_assigned ON job (queue_id, assigned_to, priority, run_at) WHERE state = 2 AND lane = 1;
CREATE INDEX job_assignment_end ON job (assigned_until) WHERE state = 2 AND lane = 1;
CREATE INDEX job_suspect ON job (queue_id, priority, run_at) WHERE state = 2 AND lane = 2;
CREATE INDEX job_finished ON job (queue_id, state, updated_at) WHERE state >= 4;
CREATE INDEX job_by_key ON job (key) WHERE key IS NOT NULL;

CREATE TABLE lease (
  job_id INTEGER PRIMARY KEY,
  consumer_id INTEGER NOT NULL REFERENCES consumer (id),
  until INTEGER NOT NULL,
  lease_ms INTEGER NOT NULL CHECK (lease_ms > 0),
  started_at INTEGER NOT NULL,
  suspect INTEGER NOT NULL CHECK (suspect IN (0, 1)),
  bereft INTEGER NOT NULL DEFAULT 0 CHECK (bereft IN (0, 1)),
  requested TEXT CHECK (requested IN ('cancel', 'fail'))
) STRICT;
CREATE INDEX lease_suspect ON lease (consumer_id) WHERE suspect = 1;

CREATE TABLE attempt (
  job_id INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  consumer TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  finished_at INTEGER NOT NULL,
  outcome INTEGER NOT NULL,
  run_ms INTEGER,
  exit_code INTEGER,
  signal TEXT,
  cause TEXT,
  error TEXT,
  cpu_ms INTEGER,
  max_rss_bytes INTEGER,
  PRIMARY KEY (job_id, fence)
) STRICT, WITHOUT ROWID;

CREATE TABLE output (
  job_id INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  stdout_dropped_bytes INTEGER NOT NULL,
  stderr_dropped_bytes INTEGER NOT NULL,
  records BLOB NOT NULL,
  PRIMARY KEY (job_id, fence)
) STRICT;

CREATE TABLE result (
  job_id INTEGER PRIMARY KEY,
  data BLOB NOT NULL
) STRICT;

CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  job_id INTEGER,
  fence INTEGER NOT NULL,
  queue TEXT CHECK ((queue IS NULL) <> (job_id IS NULL)),
  at INTEGER NOT NULL,
  from_state INTEGER,
  to_state INTEGER,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX event_of_job ON event (job_id);
CREATE INDEX event_of_queue ON event (at) WHERE job_id IS NULL;

CREATE TABLE job_key (
  queue_id INTEGER NOT NULL REFERENCES queue (id),
  key TEXT NOT NULL,
  job_id INTEGER NOT NULL,
  free_at INTEGER,
  PRIMARY KEY (queue_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_key_end ON job_key (free_at) WHERE free_at IS NOT NULL;

CREATE TABLE consumer (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  pid INTEGER NOT NULL,
  start_time TEXT,
  boot_id TEXT NOT NULL,
  pid_namespace TEXT NOT NULL,
  host TEXT NOT NULL,
  machine_id TEXT NOT NULL,
  queues TEXT NOT NULL CHECK (json_valid(queues)),
  concurrency INTEGER NOT NULL CHECK (concurrency > 0),
  started_at INTEGER NOT NULL,
  extended_at INTEGER,
  ended_at INTEGER,
  leaving INTEGER NOT NULL DEFAULT 0 CHECK (leaving IN (0, 1)),
  processed INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX consumer_name ON consumer (name) WHERE ended_at IS NULL;
`
