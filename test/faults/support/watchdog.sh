#!/bin/sh
# watchdog.sh RUNNER RUN: when the test runner (a pid) is gone, kills every process it left behind: all that it started, their
# handlers and the children of these carry FAULT_RUN=RUN.N in their environment.
# A zombie is gone, too: where nobody reaps, it stays for ever.
while grep -qs '^State:[[:space:]]*[A-WYa-z]' "/proc/$1/status"; do
  sleep 0.5
done
tries=0
while [ "$tries" -lt 50 ]; do
  left=$(grep -lsz "^FAULT_RUN=$2\." /proc/[0-9]*/environ | cut -d/ -f3)
  [ -n "$left" ] || exit 0
  kill -9 $left 2>/dev/null
  tries=$((tries + 1))
  sleep 0.1
done
