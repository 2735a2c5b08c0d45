#!/usr/bin/env bash
# One release train: exactly one version of the crates below (libp2p-swarm: sc-network's and ours).
set -euo pipefail
cd "$(dirname "$0")/.."
expect() { # CRATE VERSION…
  local crate=$1 found
  shift
  found=$(awk -v c="$crate" '$1=="name" && $3=="\""c"\"" {getline; gsub(/"/,"",$3); print $3}' Cargo.lock | sort | xargs)
  [ "$found" = "$(printf '%s\n' "$@" | sort | xargs)" ] ||
    { echo "Cargo.lock: $crate is at $found, expected $*" >&2; exit 1; }
}
expect sp-core 43.0.0
expect sp-runtime 49.0.0
expect frame-support 49.0.1
expect sc-service 0.62.0
expect sc-network 0.60.0
expect subxt 0.50.3
expect libp2p 0.54.1 0.57.1
expect libp2p-swarm 0.45.1 0.48.0
expect bellperson 0.27.0
