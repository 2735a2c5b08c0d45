#!/usr/bin/env bash
# The main job on a parachain: a local relay chain of two validators, two collators, six storage nodes,
# set-up and build included. Prints what it asserted; exits with 0 only if all of it holds.
#
#   ./scripts/zombienet.sh [main|collator-restart] [FLAGS OF ips-demo]
#
# The relay chain's programs (polkadot, polkadot-prepare-worker, polkadot-execute-worker, release 2609 with
# rococo-local) are taken from $IPS_RELAY_DIR, else from ~/.cache/ips/relay, else from PATH;
# scripts/relay/build.sh builds them. docs/decisions/0008 says why this is no npm @zombienet/cli.
set -euo pipefail
. "$(dirname "$0")/env.sh"
for arg in "$@"; do
  case "$arg" in -h | --help) sed -n '2,9p' "$0"; exit 0 ;; esac
done
scenario=main
case "${1:-}" in
  main | collator-restart) scenario=$1; shift ;;
  "" | -*) ;;
  *) die "unknown scenario $1: main or collator-restart" ;;
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
say "running scenario $scenario (about a quarter of an hour on 2 cores)"
exec "$IPS_BIN/ips-demo" --relay "$scenario" "$@"
