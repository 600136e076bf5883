#!/usr/bin/env bash
# The Helm chart in a cluster of its own (kind), asked what the test suites ask of an installation. Needs a Docker
# engine, kind, kubectl, helm, and Node.
set -euo pipefail
cd "$(dirname "$0")/../.."

cluster="cloudtuner-e2e-$$"
context="kind-$cluster"
secret="$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')"
kube() { kubectl --context "$context" --namespace cloudtuner "$@"; }
forwards=()

finish() {
  code=$?
  for forward in "${forwards[@]}"; do kill "$forward" || true; done
  if [ "$code" -ne 0 ]; then
    kube get pods --output wide || true
    kube logs --selector app.kubernetes.io/part-of=cloudtuner --tail 50 --prefix || true
  fi
  kind delete cluster --name "$cluster"
  exit "$code"
}
trap finish EXIT

npm run --silent setup -- --for check
npm run --silent build
kind create cluster --name "$cluster" --wait 180s

for service in diproxy metroculus kubecost-worker restapi; do
  docker build --file deploy/docker/Dockerfile --target "$service" --tag "cloudtuner/$service:0.1.0" .
  kind load docker-image --name "$cluster" "cloudtuner/$service:0.1.0"
done

kubectl --context "$context" create namespace cloudtuner
# Stores without a tomorrow: one pod each, nothing on disk.
store() {
  local name="$1" image="$2" port="$3"
  shift 3
  kube create deployment "$name" --image "$image" --port "$port" -- "$@"
  kube expose deployment "$name" --port "$port"
}
store mongodb mongo:7.0.28 27017 mongod --bind_ip_all
store redis redis:7.4.7-alpine 6379 redis-server --maxmemory-policy noeviction
kube create deployment clickhouse --image clickhouse/clickhouse-server:25.8 --port 8123
kube set env deployment/clickhouse CLICKHOUSE_USER=cloudtuner CLICKHOUSE_PASSWORD=only-for-this-test
kube expose deployment clickhouse --port 8123
store minio minio/minio:RELEASE.2025-04-22T22-12-26Z 9000 sh -ec 'mkdir -p /data/thanos && exec minio server /data'
kube set env deployment/minio MINIO_ROOT_USER=thanos MINIO_ROOT_PASSWORD=only-for-this-test
for name in mongodb redis clickhouse minio; do kube rollout status "deployment/$name" --timeout 300s; done

helm --kube-context "$context" install cloudtuner helm/cloudtuner --namespace cloudtuner \
  --values deploy/e2e/kind-values.yaml --set "clusterSecret.value=$secret" --wait --timeout 10m

# As in the runbooks: every Service is at port 80.
forward() {
  kube port-forward "service/$1" "$2:80" >/dev/null &
  forwards+=("$!")
  for _ in $(seq 60); do
    if curl --silent --output /dev/null "http://127.0.0.1:$2/"; then return; fi
    sleep 1
  done
  return 1
}
forward restapi 18999
forward diproxy 18935
[ "$(kube get secret cluster-secret --output 'jsonpath={.data.cluster_secret}' | base64 --decode)" = "$secret" ]

report="$(RESTAPI_URL=http://127.0.0.1:18999 GATEWAY_URL=http://127.0.0.1:18935 CLUSTER_SECRET="$secret" \
  node deploy/local/launcher/dist/check-main.js)"
printf '%s\n' "$report"
account="$(node -p 'JSON.parse(process.argv[1]).cloud_account_id' "$report")"
kube logs deployment/diproxy | grep -q "$account"
kube logs deployment/kubecost-worker | grep -q "$account"

helm --kube-context "$context" upgrade cloudtuner helm/cloudtuner --namespace cloudtuner \
  --values deploy/e2e/kind-values.yaml --set "clusterSecret.value=$secret" --wait --timeout 10m
