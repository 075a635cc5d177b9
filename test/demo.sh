#!/bin/sh
# The main job on real files: a producer makes files, two consumers stamp them; a failing handler is tried again, ends as
# failed, is resubmitted and succeeds. Prints what it does and the final list; exits non-zero when anything is not as it
# should be; leaves nothing behind.
set -eu

qctl=$(cd "$(dirname "$0")/.." && pwd)/dist/qctl
work=$(mktemp -d "${TMPDIR:-/tmp}/qctl-demo.XXXXXX")
QCTL_DB=$work/queue.db
export QCTL_DB
unset QCTL_OUTPUT QCTL_CONFIG QCTL_LEASE QCTL_GRACE QCTL_CONCURRENCY QCTL_LOG_FORMAT
consumers=

# What is still running must end, however this script does.
finish() {
  status=$?
  trap - EXIT
  for pid in $consumers; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() { printf '\n== %s\n' "$1"; }
wrong() {
  printf 'demo: %s\n' "$1" >&2
  for log in "$work"/*.log; do
    printf -- '-- %s\n' "${log##*/}" >&2
    cat "$log" >&2
  done
  exit 1
}
# start NAME ARGUMENT…: a consumer in the background
start() {
  name=$1
  shift
  "$qctl" consume --name "$name" "$@" 2>"$work/$name.log" &
  consumers="$consumers $!"
}
# expect STATUS COMMAND…: it must exit with that status
expect() {
  wanted=$1
  shift
  got=0
  "$@" || got=$?
  [ "$got" -eq "$wanted" ] || wrong "exit status $got instead of $wanted: $*"
}

say 'two consumers wait for files, a producer makes six'
"$qctl" init
start stamper-1 -Q stamp --handler timestamp
start stamper-2 -Q stamp --handler timestamp
"$qctl" produce -Q stamp --generate "$work/files" --every 100ms --count 6 >"$work/ids"
[ "$(wc -l <"$work/ids")" -eq 6 ] || wrong 'the producer did not print six ids'
xargs "$qctl" jobs wait --for 60s <"$work/ids" || wrong 'not every file was stamped'

count=0
for file in "$work"/files/*; do
  count=$((count + 1))
  head -n 1 "$file" | grep -Eq '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$' || wrong "$file has no time at its top"
  [ "$(grep -c '^20..-..-..T' "$file")" -eq 1 ] || wrong "$file was stamped more than once"
  [ "$(wc -l <"$file")" -ge 2 ] || wrong "$file lost its content"
done
[ "$count" -eq 6 ] || wrong "there are $count files instead of 6"
printf '6 files, each stamped once; the first one:\n'
file=$(ls "$work"/files/* | head -n 1)
cat "$file"

say 'a handler that fails: three attempts, then the job is failed'
"$qctl" queues create flaky --max-attempts 3 --backoff fixed:200ms >"$work/queue.txt"
# The handler works once somebody has repaired what it needs.
start fixer -Q flaky --shell "test -e '$work/repaired' && cat >'$work/delivered'"
id=$("$qctl" produce -Q flaky 'please deliver this')
expect 1 "$qctl" jobs wait "$id" --for 60s
"$qctl" jobs show "$id"
"$qctl" jobs show "$id" --json >"$work/failed.json"
grep -q '"state": "failed"' "$work/failed.json" || wrong 'the job is not failed'
grep -q '"reason": "attempts"' "$work/failed.json" || wrong 'the job did not fail for its attempts'
[ "$(grep -c '"exit_code": 1' "$work/failed.json")" -eq 3 ] || wrong 'there were not three attempts'

say 'the fault is repaired, the job resubmitted'
touch "$work/repaired"
"$qctl" jobs resubmit @last-failed
expect 0 "$qctl" jobs wait "$id" --for 60s
[ "$(cat "$work/delivered")" = 'please deliver this' ] || wrong 'the payload did not arrive'

say 'the consumers are told to stop'
"$qctl" consumers list
for pid in $consumers; do kill "$pid"; done
for pid in $consumers; do expect 0 wait "$pid"; done
consumers=

say 'all jobs'
"$qctl" jobs list
[ "$("$qctl" jobs list -s done -o id | wc -l)" -eq 7 ] || wrong 'not all seven jobs are done'
[ "$("$qctl" jobs list -o id | wc -l)" -eq 7 ] || wrong 'there are more jobs than seven'
printf '\nall as it should be\n'
