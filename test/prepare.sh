#!/bin/sh
# Brings what the tests run in, and Debian's tools that they drive.
# Called by `npm test` and `npm run faults`; does nothing when all is there.
set -eu
cd "$(dirname "$0")/.."

sh test/runtimes.sh

missing=
need() { # command, package
  command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need strace strace
need faketime faketime
need tmux tmux
need python3 python3-minimal
need setpriv util-linux
need script bsdutils
need supervisord supervisor
need systemd-analyze systemd

if [ -n "$missing" ]; then
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "test/prepare.sh: the tests need$missing, and there is no apt-get to install them with" >&2
    exit 1
  fi
  sudo=
  [ "$(id -u)" -eq 0 ] || sudo=sudo
  $sudo apt-get update -qq
  # shellcheck disable=SC2086 # a list of package names
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing
fi
