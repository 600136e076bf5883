#!/usr/bin/env bash
# The whole product in Docker, asked what the test suites ask of it: docker compose up, a customer's day of samples, its
# dollars to the cent, isolation, and all of it once more after a restart. Needs a Docker engine with compose, and Node.
set -euo pipefail
cd "$(dirname "$0")/../.."

project="cloudtuner-e2e-$$"
compose() { docker compose --project-name "$project" "$@"; }

finish() {
  code=$?
  [ "$code" -eq 0 ] || compose logs --tail 100
  compose --profile demo down --volumes --remove-orphans --timeout 30
  exit "$code"
}
trap finish EXIT

npm run --silent setup -- --for check
npm run --silent build

compose config --quiet
compose --profile monitoring config --quiet
compose --profile demo config --quiet
compose up --build --detach --wait --wait-timeout 600

# Nobody is root, and no image can write to itself.
for service in diproxy metroculus kubecost-worker restapi; do
  container="$(compose ps --quiet "$service")"
  [ "$(docker inspect --format '{{ .HostConfig.ReadonlyRootfs }}' "$container")" = true ]
  [ "$(docker inspect --format '{{ .Config.User }}' "$container")" = 10001:10001 ]
  [ "$(docker inspect --format '{{ .State.Health.Status }}' "$container")" = healthy ]
done

CLUSTER_SECRET="$(compose run --rm --no-deps secrets 'cat /run/cloudtuner/cluster_secret')"
export CLUSTER_SECRET RESTAPI_URL=http://127.0.0.1:8999 GATEWAY_URL=http://127.0.0.1:8935

check() {
  report="$(node deploy/local/launcher/dist/check-main.js)"
  printf '%s\n' "$report"
  account="$(node -p 'JSON.parse(process.argv[1]).cloud_account_id' "$report")"
  # "Does data arrive?" is answered by the gateway's log, "is it computed?" by the worker's.
  compose logs diproxy | grep -q "$account"
  compose logs kubecost-worker | grep -q "$account"
}

check
compose restart
compose up --detach --wait --wait-timeout 300
check

# A backup is written by the worker and ClickHouse, each to its own folder.
compose exec -T kubecost-worker node dist/operate-main.js backup --folder /backups/e2e
compose exec -T kubecost-worker node -e "require('node:fs').accessSync('/backups/e2e/manifest.json')"

# The sample customer is healthy when its past is in dollars; its Prometheus goes on from there.
compose --profile demo up --build --detach --wait --wait-timeout 900
demo_costs() {
  settings="$(compose --profile demo logs --no-log-prefix demo | sed -n 's/^ *\(TOKEN\|CLUSTER\)=/\1=/p')"
  token="$(printf '%s\n' "$settings" | sed -n 's/^TOKEN=//p' | tail -n 1)"
  cluster="$(printf '%s\n' "$settings" | sed -n 's/^CLUSTER=//p' | tail -n 1)"
  curl -sf -H "Authorization: Bearer $token" "$RESTAPI_URL/restapi/v2/kubecost/clusters/$cluster/costs?window=6h&step=1h"
}
demo_costs | node -e 'if (!(JSON.parse(require("node:fs").readFileSync(0)).total.total_cost > 0)) process.exit(1)'
