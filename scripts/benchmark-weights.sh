#!/usr/bin/env bash
# Measures the weights of our pallets in WASM and writes pallets/*/src/weights.rs.
#   ./scripts/benchmark-weights.sh [--steps N] [--repeat N] [--out DIR] [PALLET...]     e.g. porep poe
# --out: writes DIR/PALLET.rs instead, to look at; with IPS_PROFILE=testnet what that profile would cost.
# Environment: IPS_BLOB = a blob that was built with benchmarks already, IPS_NODE = the node to run.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$IPS_ROOT"

steps=20 repeat=10 out_dir='' pallets=()
while [ $# -gt 0 ]; do
  case $1 in
    --steps) steps=$2; shift 2 ;;
    --repeat) repeat=$2; shift 2 ;;
    --out) out_dir=$(realpath -m -- "$2"); shift 2 ;;
    -h | --help) sed -n '2,5s/^# \?//p' "$0"; exit 0 ;;
    -*) die "unknown flag $1" ;;
    *) pallets+=("$1"); shift ;;
  esac
done
[ ${#pallets[@]} -gt 0 ] || pallets=(node-classes staking-collateral storage-market porep poe authoring)

# The blob is built by itself, with the flags of substrate-wasm-builder, in a folder of its own: no node
# ever embeds it, and nothing is compiled for the host but macros.
blob=${IPS_BLOB:-}
if [ -z "$blob" ]; then
  say "the blob with benchmarks"
  out=$IPS_CACHE/target-benchmarks
  env -u RUSTC_WORKSPACE_WRAPPER CARGO_TARGET_DIR="$out" \
    CARGO_TARGET_WASM32V1_NONE_RUSTFLAGS="-C link-arg=--export-table -C link-arg=--export=__heap_base \
      -C link-arg=--import-memory --cfg substrate_runtime" \
    ${WASM_BUILD_TOOLCHAIN:+rustup run "$WASM_BUILD_TOOLCHAIN"} cargo rustc --locked --release \
    --target wasm32v1-none -p ips-runtime --no-default-features --features runtime-benchmarks \
    --crate-type cdylib
  blob=$out/wasm32v1-none/release/ips_runtime.wasm
fi
[ -s "$blob" ] || die "no blob at $blob"

node=${IPS_NODE:-$IPS_BIN/ips-node}
if [ ! -x "$node" ]; then
  say "the node"
  build_all
fi

[ -z "$out_dir" ] || mkdir -p "$out_dir"
for pallet in "${pallets[@]}"; do
  say "$pallet"
  file=pallets/$pallet/src/weights.rs
  [ -z "$out_dir" ] || file=$out_dir/$pallet.rs
  "$node" benchmark pallet --runtime "$blob" --genesis-builder runtime \
    --pallet "pallet_${pallet//-/_}" --extrinsic '*' --steps "$steps" --repeat "$repeat" \
    --min-duration 0 --output-analysis max --wasm-execution compiled --no-storage-info \
    --template scripts/weights.hbs --output "$file"
done
[ -z "$out_dir" ] || exit 0
cargo fmt --all
say "written; read the diff, then run ./scripts/test.sh"
