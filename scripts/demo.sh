#!/usr/bin/env bash
# The main job on this machine, set-up and build included.
#
#   ./scripts/demo.sh [FILE] [--level 1/3|1/2|2/3] [--nodes N] [--kill K] [--keep] [--json FILE]
set -euo pipefail
. "$(dirname "$0")/env.sh"
for arg in "$@"; do
  case "$arg" in -h | --help) sed -n '2,4p' "$0"; exit 0 ;; esac
done
"$IPS_ROOT/scripts/setup.sh"
# shellcheck disable=SC1091
. "$IPS_ROOT/scripts/env.sh"
say "building (a cold build takes about half an hour on 2 cores)"
build_all
say "proof parameters (generated once per user, some seconds)"
"$IPS_BIN/ips-params" generate --profile dev
say "running"
exec "$IPS_BIN/ips-demo" "$@"
