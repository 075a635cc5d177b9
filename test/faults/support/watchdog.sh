#!/bin/sh
# watchdog.sh RUN: when the test run is gone (it holds the other end of our stdin), kills every process it left behind.
# They all carry FAULT_RUN=RUN.N in their environment, handlers and their children too.
timeout 1800 cat >/dev/null
tries=0
while [ "$tries" -lt 50 ]; do
  left=$(grep -lsz "^FAULT_RUN=$1\." /proc/[0-9]*/environ | cut -d/ -f3)
  [ -n "$left" ] || exit 0
  kill -9 $left 2>/dev/null
  tries=$((tries + 1))
  sleep 0.1
done
