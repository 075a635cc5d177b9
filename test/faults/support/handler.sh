#!/bin/sh
# A handler that keeps the auditor's ledger: a line when it starts and one when it ends, each in one O_APPEND write, and a lock
# of its job that the kernel frees only when this process and all it started are gone. WORK is what it does in between.
if [ -n "$LOCKS" ]; then
  exec 9>>"$LOCKS/$QCTL_JOB_ID"
  if flock -n 9; then lock=free; else lock=held; fi
else
  lock=unknown
fi
read -r clock _ </proc/uptime
echo "start $QCTL_JOB_ID $QCTL_ATTEMPT $QCTL_FENCE $$ $clock $lock" >>"$LEDGER"
status=0
[ -z "$WORK" ] || eval "$WORK" || status=$?
read -r clock _ </proc/uptime
echo "end $QCTL_JOB_ID $QCTL_ATTEMPT $QCTL_FENCE $$ $clock $lock" >>"$LEDGER"
exit "$status"
