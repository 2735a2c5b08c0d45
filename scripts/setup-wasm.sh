#!/usr/bin/env bash
# Makes a Rust toolchain that can build the runtime's WASM blob. Idempotent.
#
# Three ways, first that works:
#   1. the installed toolchain already has the wasm32v1-none target;
#   2. `rustup target add wasm32v1-none` (any machine that reaches the Rust servers);
#   3. a private toolchain `ips-wasm` from Debian's rustc-web and rust-web-src, its core and alloc
#      built here with bitcode, so that the runtime's thin-LTO profile can use them.
# Writes `export WASM_BUILD_TOOLCHAIN=…` (or nothing) to the file named by $1. With a second
# argument `rustup-only` it tries the first two ways and fails if neither works.
set -euo pipefail

out=${1:?usage: setup-wasm.sh ENV_FILE [rustup-only]}
host=x86_64-unknown-linux-gnu
target=wasm32v1-none

has_target() { [ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ]; }

if has_target || timeout 60 rustup target add "$target" >/dev/null 2>&1 && has_target; then
  : >"$out"
  echo "wasm toolchain: rustup target $target"
  exit 0
fi

[ "${2:-}" != rustup-only ] || exit 1

tc=${IPS_WASM_TC:-$HOME/.local/share/ips/wasm-toolchain}
stamp="$tc/stamp"
want="$(/usr/bin/rustc -V) $(rustc -V) recipe-1"
if [ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && rustup run ips-wasm rustc -V >/dev/null 2>&1; then
  echo "export WASM_BUILD_TOOLCHAIN=ips-wasm" >"$out"
  echo "wasm toolchain: ips-wasm (current)"
  exit 0
fi

echo "wasm toolchain: building ips-wasm from Debian's rustc (about a minute)"
[ -d /usr/lib/rustlib/src/rust ] || { echo "missing package rust-web-src" >&2; exit 1; }
rm -rf "$tc"
mkdir -p "$tc/bin" "$tc/lib/rustlib/$host/bin" "$tc/lib/rustlib/$target/lib"
ln -sfn "/usr/lib/rustlib/$host/lib" "$tc/lib/rustlib/$host/lib"
ln -sfn /usr/lib/rustlib/src "$tc/lib/rustlib/src"
ln -sf "$(rustup run stable rustc --print sysroot)/lib/rustlib/$host/bin/rust-lld" \
  "$tc/lib/rustlib/$host/bin/rust-lld"
printf '#!/bin/sh\nexec /usr/bin/rustc --sysroot "%s" "$@"\n' "$tc" >"$tc/bin/rustc"
printf '#!/bin/sh\nexec /usr/bin/cargo "$@"\n' >"$tc/bin/cargo"
chmod +x "$tc"/bin/*
rustup toolchain link ips-wasm "$tc"

probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
mkdir "$probe/src"
cat >"$probe/Cargo.toml" <<'TOML'
[package]
name = "probe"
version = "0.0.0"
edition = "2021"
[lib]
crate-type = ["cdylib"]
[profile.release]
panic = "abort"
lto = "thin"
[workspace]
TOML
cat >"$probe/src/lib.rs" <<'RUST'
#![no_std]
extern crate alloc;
use core::alloc::{GlobalAlloc, Layout};
struct Never;
unsafe impl GlobalAlloc for Never {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 { core::ptr::null_mut() }
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
#[global_allocator]
static ALLOCATOR: Never = Never;
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! { loop {} }
#[no_mangle]
pub extern "C" fn probe(n: usize) -> usize { alloc::vec![1u8; n].len() }
RUST
cd "$probe"
clean() { env -u RUSTFLAGS -u RUSTC -u CARGO -u CARGO_TARGET_DIR CARGO_TARGET_DIR="$probe/target" "$@"; }
clean env RUSTC_BOOTSTRAP=1 RUSTFLAGS="-C embed-bitcode=yes" rustup run ips-wasm cargo rustc --release \
  --target "$target" -Z build-std=core,alloc --config 'profile.release.lto="off"' --quiet
cp target/$target/release/deps/lib{core,alloc,compiler_builtins}-*.rlib "$tc/lib/rustlib/$target/lib/"
# Self-test: what the runtime's builder does, in its release and its dev profile.
rm -rf target
clean rustup run ips-wasm cargo build --release --target "$target" --quiet
clean rustup run ips-wasm cargo rustc --target "$target" --quiet -- -C panic=abort
echo "$want" >"$stamp"
echo "export WASM_BUILD_TOOLCHAIN=ips-wasm" >"$out"
echo "wasm toolchain: ips-wasm ready"
