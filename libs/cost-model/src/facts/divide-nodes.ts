import type { PricedNode } from '../assets/nodes';
import { costOf, quantityOf, type Charge } from '../charge';
import { add } from '../exact-decimal';
import { parseNanos } from '../money';
import type { TimeWindow } from '../window';
import { isPricedBeyondCapacity, nodeResources, type NodeResource } from './container-record';
import { timesOf, type ContainerRow, type PodRows } from './container-rows';
import { rowDraft, type RowDraft } from './row-draft';
import { settle } from './settle';

const costColumn = { cpu: 'cpu_cost', ram: 'ram_cost', gpu: 'gpu_cost' } as const;

/** Capacity without what was allocated of it; null when the capacity is unknown. */
function idleQuantity(node: PricedNode, resource: NodeResource, charges: readonly (Charge | null)[]): number | null {
  const whole = node.charges[resource];
  if (whole === null) return null;
  let quantity = whole.quantity;
  for (const charge of charges) {
    if (charge === null) continue;
    quantity = add(quantity, { ...charge.quantity, coefficient: -charge.quantity.coefficient });
  }
  return quantityOf({ ...whole, quantity });
}

function flagNegative(idle: RowDraft, node: PricedNode, resource: NodeResource): void {
  idle.flags.add('negative-idle');
  if (node.fact[costColumn[resource]] === null) idle.flags.add('node-capacity-unknown');
  else idle.flags.add(isPricedBeyondCapacity(node, resource) ? 'node-capacity-gap' : 'over-allocated');
}

function divideResource(
  node: PricedNode,
  resource: NodeResource,
  to: { rows: readonly ContainerRow[]; idle: RowDraft },
): void {
  const { rows, idle } = to;
  const assetCost = node.fact[costColumn[resource]];
  const claimants = rows.flatMap(({ draft, record }) => {
    const claim = costOf(record.charges[resource]);
    return claim === null ? [] : [{ draft, claim }];
  });
  const claims = claimants.map(({ claim }) => claim);
  const { shares, rest } = settle(assetCost === null ? 0n : parseNanos(assetCost), claims);
  claimants.forEach(({ draft }, index) => draft.costs.set(resource, shares[index] ?? 0n));
  if (assetCost !== null || rest !== 0n) idle.costs.set(resource, rest);
  if (rest < 0n) flagNegative(idle, node, resource);
}

/** Divides a node's cost, resource by resource, among the containers that ran on it; what is left is its idle row. */
export function divideNode(node: PricedNode, rows: readonly ContainerRow[], window: TimeWindow): RowDraft {
  const { asset_key: name, provider_id } = node.fact;
  const left = (resource: NodeResource): number | null =>
    idleQuantity(
      node,
      resource,
      rows.map(({ record }) => record.charges[resource]),
    );
  const idle = rowDraft({
    kind: 'idle',
    asset_type: 'node',
    asset_key: name,
    node: name,
    provider_id,
    ...timesOf(node.covered, window),
    cpu_core_hours: left('cpu'),
    ram_byte_hours: left('ram'),
    gpu_hours: left('gpu'),
  });
  for (const resource of nodeResources) divideResource(node, resource, { rows, idle });
  return idle;
}

/** The rows of containers by the node that they ran on. */
export function rowsByNode(pods: readonly PodRows[]): Map<string, ContainerRow[]> {
  const byNode = new Map<string, ContainerRow[]>();
  for (const { pod, rows } of pods) {
    const found = byNode.get(pod.node);
    if (found === undefined) byNode.set(pod.node, [...rows]);
    else found.push(...rows);
  }
  return byNode;
}
