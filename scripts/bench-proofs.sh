#!/usr/bin/env bash
# Our proofs beside Filecoin's crates, measured in one run on this machine: one table.
#   ./scripts/bench-proofs.sh [--json FILE] [--quick]
# --json:  also writes the rows, an array of {name, ours, peer, unit, ratio, target, met}; a larger ratio is
#          better for us.
# --quick: counts, and times of small sectors only; about a minute, then. All of it: about ten minutes on
#          two idle cores and 7 GB of memory; the first build takes two minutes more.
set -euo pipefail
own_target=${CARGO_TARGET_DIR:-}
. "$(dirname "$0")/env.sh"

options=()
while [ $# -gt 0 ]; do
  case $1 in
    --quick) options+=(--quick); shift ;;
    --json)
      [ $# -ge 2 ] || die "--json needs a file"
      # Relative to where the caller stands.
      options+=(--json "$(realpath -m -- "$2")")
      shift 2
      ;;
    -h | --help) sed -n '2,8s/^# \?//p' "$0"; exit 0 ;;
    *) die "unknown argument $1" ;;
  esac
done

export CARGO_TARGET_DIR=${own_target:-$IPS_CACHE/target-baseline}
(
  flock 9
  forget_other_clone
  cargo build --locked --release --manifest-path "$IPS_ROOT/zk/baseline/Cargo.toml"
) 9>"$IPS_CACHE/baseline.lock"
exec "$CARGO_TARGET_DIR/release/ips-baseline" "${options[@]}"
