#!/bin/sh
# Brings the queues that qctl is compared with: those of npm into this directory, those of Debian into the system.
# Called by `npm run bench`; does nothing when all is there.
set -eu
cd "$(dirname "$0")/../../.."

# With the Node they run in: an older one would get older packages. Nothing of them has to be compiled. Not `npm ci`: it refuses
# a lock that lacks the packages for other systems, which not every registry has.
PATH="$PWD/test/.node:$PATH"
export PATH
if ! cmp -s test/bench/peers/package-lock.json test/bench/peers/node_modules/.installed; then
  npm install --no-save --prefix test/bench/peers --ignore-scripts --no-audit --no-fund --loglevel=error
  cp test/bench/peers/package-lock.json test/bench/peers/node_modules/.installed
  node_modules/.bin/tsc --noEmit -p test/bench/peers
fi

missing=
need() { # command, package
  command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need setpriv util-linux
need redis-server redis-server
need beanstalkd beanstalkd
need tsp task-spooler
need nq nq
need parallel parallel
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
  echo "test/bench/peers/prepare.sh: the bench needs$missing, and there is no apt-get to install them with" >&2
  exit 1
fi
sudo=
[ "$(id -u)" -eq 0 ] || sudo=sudo
# Debian starts a server when it installs one, unless this says no. The bench starts its own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap '$sudo rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
  $sudo chmod 755 "$policy"
fi
$sudo apt-get update -qq
# shellcheck disable=SC2086 # a list of package names
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
