#!/usr/bin/env bash
# The flow suite against docker-compose.yml, two processes each of exchange and tokensets: tools/compose-flow.sh [jest
# arguments]. Needs Docker, the images and a build (`docker compose build`, `npm run build`). The simulator of providers
# listens on loopback alone, so it runs in a container, and what talks to it gets a forwarder beside it.
set -euo pipefail
cd "$(dirname "$0")/.."
export COMPOSE_PROJECT_NAME=strongroom-flow STRONGROOM_EDGE_PORT=${STRONGROOM_EDGE_PORT:-18443}
export STRONGROOM_PUBLIC_URL=https://localhost:$STRONGROOM_EDGE_PORT STRONGROOM_EGRESS_ALLOW='http://127.0.0.1:*'
export STRONGROOM_RATE_MANAGEMENT=100000 STRONGROOM_RATE_ACCOUNT=100000 # suites ask for more than one client may
port=${STRONGROOM_SIMULATOR_PORT:-19090}
label=strongroom-flow-beside
files=$(mktemp -d)

end() {
  docker ps -aq --filter "label=$label" | xargs -r docker rm -f >/dev/null
  docker compose down -v --remove-orphans >/dev/null 2>&1
  rm -rf "$files"
}
trap end EXIT

# forwards <listen address> <to host> <to port> [module to run beside]
cat >"$files/forward.mjs" <<'JS'
import { connect, createServer } from 'node:net';
const [listen, toHost, toPort, beside] = process.argv.slice(2);
const [host, port] = listen.split(':');
createServer((from) => {
  const to = connect(Number(toPort), toHost);
  for (const [one, other] of [[from, to], [to, from]]) one.on('error', () => other.destroy()).pipe(other);
}).listen(Number(port), host);
if (beside) await import(beside);
JS
beside() { # docker run's arguments...
  docker run -d --label "$label" -v "$files:/files:ro" "$@" >/dev/null
}

# Every provider of the catalogue at the simulator: it writes the file at its start.
STRONGROOM_SIMULATOR_PORT=$port STRONGROOM_SIMULATOR_OUT=$files/providers.json node apps/simulator/dist/main.js >/dev/null &
writer=$!
until [ -s "$files/providers.json" ]; do kill -0 "$writer" && sleep 0.2; done
kill "$writer"
chmod 755 "$files" && chmod 644 "$files/providers.json"
export STRONGROOM_PROVIDERS_DIR=$files STRONGROOM_PROVIDERS_FILE=/providers/providers.json

docker compose up -d --wait --pull never --scale exchange=2 --scale tokensets=2
beside --name strongroom-flow-simulator --network strongroom-flow_providers -p "127.0.0.1:$port:9091" -v "$PWD:/repo:ro" \
  -e "STRONGROOM_SIMULATOR_PORT=$port" node:24-bookworm-slim \
  node /files/forward.mjs 0.0.0.0:9091 127.0.0.1 "$port" /repo/apps/simulator/dist/main.js
for container in $(docker compose ps -q tokensets connections); do
  beside --network "container:$container" node:24-bookworm-slim \
    node /files/forward.mjs "127.0.0.1:$port" strongroom-flow-simulator 9091
done

credential() { docker compose exec -T identity node docker/credentials.js | sed -n "s/^$1: //p"; }
docker compose cp edge:/edge/caddy/pki/authorities/local/root.crt "$files/ca.pem" 2>/dev/null
STRONGROOM_TEST_MANAGEMENT_CLIENT_ID=$(credential management-client-id)
STRONGROOM_TEST_MANAGEMENT_CLIENT_SECRET=$(credential management-client-secret)
export STRONGROOM_TEST_MANAGEMENT_CLIENT_ID STRONGROOM_TEST_MANAGEMENT_CLIENT_SECRET
export STRONGROOM_TEST_URL=$STRONGROOM_PUBLIC_URL STRONGROOM_TEST_CA_FILE=$files/ca.pem
export STRONGROOM_TEST_SIMULATOR_URL=http://127.0.0.1:$port NODE_EXTRA_CA_CERTS=$files/ca.pem
docker stats --no-stream --format '{{.Name}} {{.MemUsage}}' $(docker compose ps -q)
if [ $# = 0 ]; then set -- connect exchange herd auth-js providers.flow; fi
node tools/run.mjs jest --selectProjects flow --runInBand --testPathPatterns "$@"
