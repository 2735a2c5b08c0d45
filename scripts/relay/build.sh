#!/usr/bin/env bash
# Builds polkadot (rococo-local only) and its two workers into ~/.cache/ips/relay, where scripts/zombienet.sh
# finds them. About half an hour on 2 cores; a released polkadot of 2609 in PATH does as well.
set -euo pipefail
. "$(dirname "$0")/../env.sh"
"$IPS_ROOT/scripts/setup.sh"
# shellcheck disable=SC1091
. "$IPS_ROOT/scripts/env.sh"
unset RUSTC_WORKSPACE_WRAPPER WASM_BUILD_TYPE
export CARGO_TARGET_DIR=$IPS_CACHE/target-relay
export SKIP_FRAME_STORAGE_ACCESS_TEST_RUNTIME_WASM_BUILD=1
cd "$IPS_ROOT/scripts/relay"
cargo build --release --locked
mkdir -p "$IPS_CACHE/relay"
for program in polkadot polkadot-prepare-worker polkadot-execute-worker; do
  install "$CARGO_TARGET_DIR/release/$program" "$IPS_CACHE/relay/"
done
say "the relay chain's programs are in $IPS_CACHE/relay"
