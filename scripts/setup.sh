#!/usr/bin/env bash
# Installs what a clean Debian 12 machine with rustup lacks. Idempotent; called by the other scripts.
set -euo pipefail
. "$(dirname "$0")/env.sh"

packages=(protobuf-compiler clang libclang-dev cmake pkg-config libssl-dev build-essential)
missing() { # the packages of "$@" that are not installed
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
      printf '%s\n' "$package"
  done
}

install() {
  local list
  list=$(missing "$@")
  [ -n "$list" ] || return 0
  command -v apt-get >/dev/null || die "these packages are missing, install them by hand: $list"
  local sudo=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "run as root, or install by hand: $list"
    sudo=(sudo)
  fi
  say "installing packages:" $list
  "${sudo[@]}" apt-get update -qq
  # shellcheck disable=SC2086
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $list
}

command -v rustup >/dev/null && command -v cargo >/dev/null ||
  die "rustup is missing: install it from https://rustup.rs and run this again"
install "${packages[@]}"

if ! "$IPS_ROOT/scripts/setup-wasm.sh" "$IPS_CACHE/wasm.env" rustup-only; then
  install rustc-web cargo-web rust-web-src
  "$IPS_ROOT/scripts/setup-wasm.sh" "$IPS_CACHE/wasm.env"
fi
