#!/usr/bin/env bash
# Drives every user-facing call by metadata alone, as polkadot.js apps does it, against a development chain
# that it starts itself, set-up and build included; a minute on two cores once all is built.
#   ./scripts/test-polkadot-js.sh [--url ws://HOST:PORT]
# --url: a chain that runs already, such as a parachain of ./scripts/zombienet.sh main --keep. It needs a sudo
#        key, //Alice's, and money in her account.
set -euo pipefail
. "$(dirname "$0")/env.sh"
url=''
while [ $# -gt 0 ]; do
  case $1 in
    --url)
      [ $# -ge 2 ] || die "--url needs a ws:// address"
      url=$2
      shift 2
      ;;
    -h | --help) sed -n '2,7p' "$0"; exit 0 ;;
    *) die "unknown argument $1" ;;
  esac
done
command -v npm >/dev/null || die "no npm: install Node.js 20 or later (Debian: apt install nodejs npm)"
case $(node --version) in
  v[0-9].* | v1[0-9].*) die "Node.js $(node --version) is too old: 20 or later is needed" ;;
esac
cd "$IPS_ROOT/tests/js"
say "packages"
npm ci --no-audit --no-fund
folder='' node=''
stop() {
  [ -z "$node" ] || { kill "$node" 2>/dev/null && wait "$node"; } || true
  [ -z "$folder" ] || rm -rf "$folder"
}
trap stop EXIT
if [ -z "$url" ]; then
  if [ ! -x "$IPS_BIN/ips-node" ]; then
    "$IPS_ROOT/scripts/setup.sh"
    # shellcheck disable=SC1091
    . "$IPS_ROOT/scripts/env.sh"
    build_all
  fi
  say "a development chain"
  folder=$(mktemp -d)
  port=$(node -e "const s=require('net').createServer().listen(0,'127.0.0.1',()=>{console.log(s.address().port);s.close()})")
  "$IPS_BIN/ips-node" --dev --tmp --instant-seal --rpc-port "$port" --no-prometheus --no-telemetry \
    --no-mdns --listen-addr /ip4/127.0.0.1/tcp/0 >"$folder/node.log" 2>&1 &
  node=$!
  url=ws://127.0.0.1:$port
  for _ in $(seq 600); do
    kill -0 "$node" 2>/dev/null || { tail -n 20 "$folder/node.log"; die "the chain does not start"; }
    ! curl -sf -o /dev/null -H 'Content-Type: application/json' "http://127.0.0.1:$port" \
      -d '{"id":1,"jsonrpc":"2.0","method":"system_health","params":[]}' || break
    sleep 0.2
  done
fi
say "the suite against $url"
IPS_WS=$url npm test --silent
