#!/usr/bin/env bash
# A worker for: qctl consume -c 10 --stream ./worker.sh
while IFS= read -r job; do
  [[ $job =~ \"id\":([0-9]+) ]] && id=${BASH_REMATCH[1]}
  [[ $job =~ \"fence\":([0-9]+) ]] && fence=${BASH_REMATCH[1]}
  if [[ $job =~ \"payload\":\"(([^\"\\]|\\.)*)\" ]]; then
    printf -v payload %b "${BASH_REMATCH[1]//\\\"/\"}"
    sum=$(printf %s "$payload" | sha256sum)
    echo "{\"id\":$id,\"fence\":$fence,\"ok\":true,\"result\":\"${sum%% *}\"}"
  else
    echo "{\"id\":$id,\"fence\":$fence,\"error\":\"the payload is not text\",\"retry\":false}"
  fi
done
