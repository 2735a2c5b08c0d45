# Sourced by every script: one target folder, one feature set, the WASM toolchain.
# shellcheck shell=bash
IPS_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export IPS_ROOT
export IPS_CACHE=${IPS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ips}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$IPS_CACHE/target}
export PATH="$HOME/.cargo/bin:$PATH"
# The system's OpenSSL (libssl-dev) saves three minutes over building it.
export OPENSSL_NO_VENDOR=1
mkdir -p "$IPS_CACHE"
if [ -f "$IPS_CACHE/wasm.env" ]; then
  # shellcheck disable=SC1091
  . "$IPS_CACHE/wasm.env"
fi

say() { printf '\033[1m== %s\033[0m\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Everything is built as one set, so that cargo unifies features once and compiles each dependency
# once for running and for testing.
build_all() { (cd "$IPS_ROOT" && cargo build --workspace --all-targets --locked "$@"); }
