# Sourced by every script: one target folder, one feature set, the WASM toolchain.
# shellcheck shell=bash
IPS_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export IPS_ROOT
export IPS_CACHE=${IPS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ips}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$IPS_CACHE/target}
# Built programs of this clone: other clones share the target folder and replace what is there.
export IPS_BIN=${IPS_BIN:-$IPS_ROOT/target/bin}
export PATH="$HOME/.cargo/bin:$PATH"
# The system's OpenSSL (libssl-dev) saves three minutes over building it.
export OPENSSL_NO_VENDOR=1
# The blob is stripped and compressed, as a real one is.
export WASM_BUILD_TYPE=${WASM_BUILD_TYPE:-release}
# Our own crates are compiled by clippy, so that linting needs no second build. Its warnings are errors
# with the Rust version that we lint with; a later one may know lints that this code never met.
export RUSTC_WORKSPACE_WRAPPER=clippy-driver
case $(rustc --version) in
  "rustc 1.95."*) export CLIPPY_ARGS=-Dwarnings__CLIPPY_HACKERY__ ;;
  *) export CLIPPY_ARGS= ;;
esac
mkdir -p "$IPS_CACHE"
if [ -f "$IPS_CACHE/wasm.env" ]; then
  # shellcheck disable=SC1091
  . "$IPS_CACHE/wasm.env"
fi

say() { printf '\033[1m== %s\033[0m\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Cargo takes our crates of another clone in the same target folder for this one's if they are newer,
# so what another clone has built of them is forgotten first.
forget_other_clone() {
  local stamp="$CARGO_TARGET_DIR/clone" manifest name
  [ "$(cat "$stamp" 2>/dev/null)" != "$IPS_ROOT" ] || return 0
  mkdir -p "$CARGO_TARGET_DIR"
  for manifest in "$IPS_ROOT"/{*,*/*,*/*/*}/Cargo.toml; do
    name=$(sed -n 's/^name = "\(.*\)"$/\1/p' "$manifest" | head -n 1)
    [ -z "$name" ] || rm -rf "$CARGO_TARGET_DIR"/{*,*/*}/.fingerprint/"$name"-*
  done
  echo "$IPS_ROOT" >"$stamp"
}

# Everything is built as one set, so that cargo unifies features once and compiles each dependency
# once for running and for testing. The lock keeps another clone's build from coming between.
build_all() {
  (
    flock 9
    cd "$IPS_ROOT"
    forget_other_clone
    cargo build --workspace --all-targets --locked "$@"
    mkdir -p "$IPS_BIN"
    for program in ips-node ips-storage ips ips-params ips-ceremony ips-demo ips-bench-chain; do
      rm -f "$IPS_BIN/$program"
      ln "$CARGO_TARGET_DIR/debug/$program" "$IPS_BIN/" 2>/dev/null ||
        cp "$CARGO_TARGET_DIR/debug/$program" "$IPS_BIN/"
    done
  ) 9>"$IPS_CACHE/build.lock"
}
