#!/usr/bin/env bash
# The main job on a parachain: a local relay chain of two validators, two collators, six storage nodes,
# set-up and build included. Prints what it asserted; exits with 0 only if all of it holds.
#
#   ./scripts/zombienet.sh [main|collator-restart|upgrade|ecc|xcm] [FLAGS OF ips-demo]
#
# main:             put, seal, prove, kill, get, claim; then finality, block times, no fork loss
# collator-restart: the same while a collator is killed and started again
# upgrade:          the runtime is upgraded, with a migration, while files are stored and proven; host calls
#                   cannot be switched on, for the relay chain has none
# ecc:              the same on a relay chain that has host calls; they are switched on
# xcm:              customers of the relay chain and of a sibling parachain store files as well
#
# The relay chain's programs (polkadot, polkadot-prepare-worker, polkadot-execute-worker, release 2609 with
# rococo-local) are taken from $IPS_RELAY_DIR, else from ~/.cache/ips/relay, else from PATH;
# scripts/relay/build.sh builds them. docs/decisions/0008 says why this is no npm @zombienet/cli.
set -euo pipefail
. "$(dirname "$0")/env.sh"
for arg in "$@"; do
  case "$arg" in -h | --help) sed -n '2,16p' "$0"; exit 0 ;; esac
done
scenario=main
case "${1:-}" in
  main | collator-restart | upgrade | ecc | xcm) scenario=$1; shift ;;
  "" | -*) ;;
  *) die "unknown scenario $1: main, collator-restart, upgrade, ecc or xcm" ;;
esac
if [ -z "${IPS_RELAY_DIR:-}" ] && [ -x "$IPS_CACHE/relay/polkadot" ]; then
  export IPS_RELAY_DIR=$IPS_CACHE/relay
fi
for program in polkadot polkadot-prepare-worker polkadot-execute-worker; do
  if [ -n "${IPS_RELAY_DIR:-}" ]; then
    [ -x "$IPS_RELAY_DIR/$program" ] || die "$IPS_RELAY_DIR has no $program: see scripts/relay/README.md"
  else
    command -v "$program" >/dev/null ||
      die "no $program in PATH: set IPS_RELAY_DIR, or build it with scripts/relay/build.sh"
  fi
done
"$IPS_ROOT/scripts/setup.sh"
# shellcheck disable=SC1091
. "$IPS_ROOT/scripts/env.sh"
say "building (a cold build takes about half an hour on 2 cores)"
build_all
say "proof parameters (generated once per user, some seconds)"
"$IPS_BIN/ips-params" generate --profile dev
blob=()
case $scenario in
  upgrade | ecc)
    say "the runtime to upgrade to"
    out=$IPS_CACHE/target-rehearsal features=rehearsal,host-ecc
    env -u RUSTC_WORKSPACE_WRAPPER CARGO_TARGET_DIR="$out" \
      CARGO_TARGET_WASM32V1_NONE_RUSTFLAGS="-C link-arg=--export-table -C link-arg=--export=__heap_base \
        -C link-arg=--import-memory --cfg substrate_runtime" \
      ${WASM_BUILD_TOOLCHAIN:+rustup run "$WASM_BUILD_TOOLCHAIN"} cargo rustc --locked --release \
      --manifest-path "$IPS_ROOT/Cargo.toml" --target wasm32v1-none -p ips-runtime \
      --no-default-features --features "$features" --crate-type cdylib
    blob=(--blob "$out/wasm32v1-none/release/ips_runtime.wasm")
    ;;
esac
say "running scenario $scenario (about a quarter of an hour on 2 cores)"
exec "$IPS_BIN/ips-demo" --relay "$scenario" "${blob[@]}" "$@"
