#!/bin/sh
# Brings what tests and bench run in: Bun with all else that npm ci brings, and a Node new enough for the npm package, test/.node/node.
# Does nothing when it is there.
set -eu
cd "$(dirname "$0")/.."

NODE_VERSION=26.10.0

[ -x node_modules/.bin/bun ] || npm ci --no-audit --no-fund --loglevel=error

case "$(uname -m)" in
  x86_64) arch=x64 ;;
  aarch64) arch=arm64 ;;
  *) echo "test/runtimes.sh: no Node for $(uname -m) known here" >&2; exit 1 ;;
esac
prefix=test/.node
if [ ! -x "$prefix/node" ]; then
  npm install --no-save --no-audit --no-fund --loglevel=error --prefix "$prefix" "node-linux-$arch@$NODE_VERSION"
  ln -sf "node_modules/node-linux-$arch/bin/node" "$prefix/node"
fi
