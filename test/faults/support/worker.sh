#!/usr/bin/env bash
# A worker for consume --stream that keeps the auditor's ledger as handler.sh does, one job after the other. WORK is what it does.
while IFS= read -r job; do
  [[ $job =~ \"id\":([0-9]+).*\"attempt\":([0-9]+).*\"fence\":([0-9]+) ]] || exit 1
  id=${BASH_REMATCH[1]} attempt=${BASH_REMATCH[2]} fence=${BASH_REMATCH[3]}
  exec 9>>"$LOCKS/$id"
  if flock -n 9; then lock=free; else lock=held; fi
  read -r clock _ </proc/uptime
  echo "start $id $attempt $fence $$ $clock $lock" >>"$LEDGER"
  [ -z "$WORK" ] || eval "$WORK"
  read -r clock _ </proc/uptime
  echo "end $id $attempt $fence $$ $clock $lock" >>"$LEDGER"
  exec 9>&-
  echo "{\"id\":$id,\"fence\":$fence,\"ok\":true}"
done
