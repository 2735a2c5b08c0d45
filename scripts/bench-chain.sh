#!/usr/bin/env bash
# How many extrinsics a block holds by its limits, how many a development chain on this machine takes, and the
# weight of every call; set-up and build included. About three minutes on two idle cores.
#   ./scripts/bench-chain.sh [--json FILE] [--transfers N] [--quick]
# --json:  also writes the rows, an array of {name, ours, peer, unit, ratio, target, met}; a larger ratio is
#          better for us.
# --quick: only what the weights say; starts no chain.
set -euo pipefail
. "$(dirname "$0")/env.sh"
for arg in "$@"; do
  case "$arg" in -h | --help) sed -n '2,8p' "$0"; exit 0 ;; esac
done
"$IPS_ROOT/scripts/setup.sh"
# shellcheck disable=SC1091
. "$IPS_ROOT/scripts/env.sh"
build_all
exec "$IPS_BIN/ips-bench-chain" "$@"
