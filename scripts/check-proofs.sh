#!/usr/bin/env bash
# The soundness harness of the proofs, and bounded fuzzing of every decoder that the chain or a peer
# reaches. Exit code 0 only if all of it holds.
#   ./scripts/check-proofs.sh [--seconds N] [--only soundness|agreement|fuzz] [TARGET...]
# --seconds: per fuzz target, default 20. TARGETs: of zk/fuzz/fuzz_targets, default all.
# Fuzzing is libFuzzer with AddressSanitizer, by the flags that cargo-fuzz uses; cargo-fuzz itself is not
# needed. The compiler is the tree's stable one: RUSTC_BOOTSTRAP lets it take the sanitizer's flag.
set -euo pipefail
own_target=${CARGO_TARGET_DIR:-}
. "$(dirname "$0")/env.sh"
cd "$IPS_ROOT"
./scripts/setup.sh
# shellcheck disable=SC1091
. ./scripts/env.sh
export CARGO_TARGET_DIR=${own_target:-$IPS_CACHE/target-proofs}
started=$SECONDS
fuzz=$IPS_CACHE/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')

seconds=20 only='' targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --seconds) seconds=$2; shift 2 ;;
    --only) only=$2; shift 2 ;;
    -h | --help) sed -n '2,7s/^# \?//p' "$0"; exit 0 ;;
    -*) die "unknown flag $1" ;;
    *) targets+=("$1"); shift ;;
  esac
done
case $seconds in '' | *[!0-9]* | 0) die "--seconds needs a number above 0" ;; esac
case $only in '' | soundness | agreement | fuzz) ;; *) die "--only soundness, agreement or fuzz" ;; esac
if [ ${#targets[@]} -eq 0 ]; then
  for file in zk/fuzz/fuzz_targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi
for target in "${targets[@]}"; do
  [ -f "zk/fuzz/fuzz_targets/$target.rs" ] || die "zk/fuzz has no target $target"
done

done_parts=() failed=()
part() { # NAME COMMAND…: runs a part if it is asked for, and goes on if it fails
  local name=$1 began=$SECONDS
  shift
  [ -z "$only" ] || [ "$only" = "$name" ] || return 0
  say "$name"
  # Not `if "$@"`: that would switch `set -e` off inside.
  set +e
  (set -e; "$@")
  local status=$?
  set -e
  [ $status = 0 ] || failed+=("$name")
  done_parts+=("$name $((SECONDS - began)) s")
}

# The proofs are checked with the very versions that the chain is built with.
same_versions() {
  local ours theirs
  ours=$(mktemp) theirs=$(mktemp)
  versions() { awk '$1=="name" {name=$3} $1=="version" && name {print name, $3; name=""}' "$1" | sort; }
  versions zk/fuzz/Cargo.lock >"$ours"
  versions Cargo.lock >"$theirs"
  local other
  other=$(comm -23 "$ours" "$theirs" | while read -r name version; do
    # Only crates that the tree has too, in another version.
    if grep -q "^$name " "$theirs"; then echo "$name $version"; fi
  done)
  rm -f "$ours" "$theirs"
  [ -z "$other" ] || die "zk/fuzz/Cargo.lock has other versions than Cargo.lock: $other"
}

soundness() {
  # Three times as many random witnesses as every test run has.
  IPS_ROUNDS=3 cargo test --locked -p ips-verifier -p ips-proofs
}

agreement() {
  same_versions
  # As the runtime's blob is built; a toolchain of its own if the system's has no WASM target.
  env -u RUSTC_WORKSPACE_WRAPPER \
    ${WASM_BUILD_TOOLCHAIN:+rustup run "$WASM_BUILD_TOOLCHAIN"} \
    cargo build --locked --manifest-path zk/fuzz/Cargo.toml -p ips-verifier-wasm \
    --profile wasm --target wasm32v1-none
  IPS_VERIFIER_WASM=$CARGO_TARGET_DIR/wasm32v1-none/wasm/ips_verifier_wasm.wasm \
    cargo test --locked --manifest-path zk/fuzz/Cargo.toml -p ips-agreement
}

build_fuzz() {
  same_versions
  local flags=(
    --cfg fuzzing -Zsanitizer=address -Cpasses=sancov-module
    -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares
    -Cforce-frame-pointers
  )
  RUSTC_BOOTSTRAP=1 RUSTFLAGS="${flags[*]}" cargo build --locked --release --target "$host" \
    --manifest-path zk/fuzz/Cargo.toml -p ips-fuzz --bins
  programs=$CARGO_TARGET_DIR/$host/release
  mkdir -p "$fuzz/found" "$fuzz/logs"
  rm -rf "$fuzz/seeds"
  "$programs/seeds" "$fuzz/seeds"
}

fuzz_one() { # TARGET
  local target=$1 log=$fuzz/logs/$1.log folders
  folders=("$fuzz/corpus/$target" "$fuzz/seeds/$target")
  [ ! -d "zk/fuzz/regressions/$target" ] || folders+=("zk/fuzz/regressions/$target")
  mkdir -p "${folders[@]}"
  # What was found before is run first, so it must not take all the time: a pairing takes long.
  local most=2000
  case $target in proof | batch | *_key) most=60 ;; esac
  find "${folders[0]}" -type f | shuf | tail -n "+$((most + 1))" | xargs -r rm -f
  # A file is bigger than anything that is sent.
  local longest=8192
  [ "$target" != file ] || longest=100000
  if "$programs/$target" -max_total_time="$seconds" -max_len="$longest" -timeout=30 \
    -rss_limit_mb=3072 -print_final_stats=1 -artifact_prefix="$fuzz/found/$target-" \
    "${folders[@]}" >"$log" 2>&1; then
    printf '  %-14s %s runs, %s edges\n' "$target" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
      "$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$log" | tail -n 1)"
  else
    printf '  %-14s FAILED; the input is in %s, the log is %s\n' "$target" "$fuzz/found" "$log"
    grep -E 'panicked|assert|ERROR|SUMMARY|artifact' "$log" | head -n 8 || true
    return 1
  fi
}

run_fuzz() {
  build_fuzz
  local running=() good=0 job
  echo "  ${#targets[@]} targets, $seconds s each"
  for target in "${targets[@]}" ''; do
    # As many at once as there are cores.
    if [ ${#running[@]} -ge "$(nproc)" ] || [ -z "$target" ]; then
      for job in "${running[@]}"; do wait "$job" || good=1; done
      running=()
    fi
    [ -z "$target" ] || { fuzz_one "$target" & running+=($!); }
  done
  return $good
}

mkdir -p "$fuzz"
exec 9>"$IPS_CACHE/proofs.lock"
flock 9
forget_other_clone
part soundness soundness
part agreement agreement
part fuzz run_fuzz

took="$((SECONDS - started)) s ($(printf '%s, ' "${done_parts[@]}" | sed 's/, $//'))"
if [ ${#failed[@]} -gt 0 ]; then
  say "proofs: ${failed[*]} FAILED after $took"
  exit 1
fi
say "proofs: all holds after $took"
