import type { DemoDocument } from './demo';

/** What to try first, with ids and tokens that work. */
export function demoText(document: DemoDocument): string {
  const [first, second] = document.organizations;
  const cluster = first?.cloud_accounts[0];
  const foreign = second?.cloud_accounts[0];
  if (first === undefined || cluster === undefined || foreign === undefined) {
    throw new Error('The demo has two organizations with a cluster each.');
  }
  return `
Everything is up. ${first.name} signs in as ${first.email} / ${first.password};
all addresses, ids, tokens and process ids are in .local/demo.json.

To try it, paste this into another terminal:

  API=${document.restapi_url}/restapi/v2
  TOKEN=${first.token}
  ORGANIZATION=${first.id}
  CLUSTER=${cluster.id}
  GATEWAY=${new URL(document.diproxy_write_url).origin}

What did the cluster cost, day by day?
  curl -s -H "Authorization: Bearer $TOKEN" "$API/kubecost/clusters/$CLUSTER/costs?window=7d&step=1d"

The last hours, the running one live:
  curl -s -H "Authorization: Bearer $TOKEN" "$API/kubecost/clusters/$CLUSTER/costs?window=6h&step=1h"

Which namespaces caused it, and which ten pods cost most this week?
  curl -s -H "Authorization: Bearer $TOKEN" "$API/kubecost/clusters/$CLUSTER/costs?window=7d&aggregate=namespace"
  curl -s -H "Authorization: Bearer $TOKEN" "$API/kubecost/clusters/$CLUSTER/costs?window=7d&aggregate=pod&limit=10"

The clusters of the organization, and whether they are received:
  curl -s -H "Authorization: Bearer $TOKEN" "$API/organizations/$ORGANIZATION/kubecost/clusters"

One total for finance, with the Kubernetes part broken down:
  curl -s -H "Authorization: Bearer $TOKEN" \\
    "$API/clean_expenses?organization_id=$ORGANIZATION&start_date=$(($(date +%s) - 604800))&end_date=$(date +%s)"

The cluster of ${second?.name ?? ''} is not there for this token:
  curl -s -H "Authorization: Bearer $TOKEN" "$API/kubecost/clusters/${foreign.id}/costs?window=1d"

What the requests of each workload could be, straight from metroculus:
  curl -s -H 'Secret: ${document.cluster_secret}' \\
    "${document.metroculus_url}/metroculus/v2/kubecost_savings?cloud_account_id=$CLUSTER&start_date=$(($(date +%s) - 86400))&end_date=$(date +%s)"

Every operation is described at ${document.restapi_url}/restapi/v2/docs

Ctrl-C ends every process; the data stay in .local for the next run.
`;
}
