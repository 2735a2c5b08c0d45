#!/usr/bin/env bash
# All checks and tests, set-up included: format, clippy, tidy, tests, the demo, no_std and benchmarks.
set -euo pipefail
. "$(dirname "$0")/env.sh"
started=$SECONDS
phase() { say "$* (after $((SECONDS - started)) s)"; }

"$IPS_ROOT/scripts/setup.sh"
# shellcheck disable=SC1091
. "$IPS_ROOT/scripts/env.sh"
cd "$IPS_ROOT"

phase "format"
cargo fmt --all --check
phase "one version of each SDK"
./scripts/check-lock.sh
phase "build and clippy"
build_all
phase "proof parameters"
"$IPS_BIN/ips-params" generate --profile all
phase "tests"
cargo test --workspace --locked
phase "no_std"
wasm_cargo() {
  unset RUSTC_WORKSPACE_WRAPPER
  if [ -n "${WASM_BUILD_TOOLCHAIN:-}" ]; then
    rustup run "$WASM_BUILD_TOOLCHAIN" cargo "$@"
  else
    cargo "$@"
  fi
}
wasm_cargo build --locked --target wasm32v1-none --no-default-features \
  --target-dir "$CARGO_TARGET_DIR/no_std" -p ips-primitives -p ips-verifier
phase "the main job on real processes"
"$IPS_BIN/ips-demo"
if command -v npm >/dev/null; then
  phase "every call as polkadot.js apps sends it"
  ./scripts/test-polkadot-js.sh
else
  phase "polkadot.js: skipped, for there is no npm"
fi
phase "all checks passed"
