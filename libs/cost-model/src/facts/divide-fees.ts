import { AppError } from '@cloudtuner/errors';
import type { AssetFact } from '../asset-fact';
import type { PricedLoadBalancer } from '../assets/hourly-fees';
import { traffics, type Traffic } from '../assets/network';
import { costOf, quantityOf } from '../charge';
import { divideRounded } from '../exact-decimal';
import { lengthMs, within } from '../intervals';
import { nanosOrNull } from '../money';
import type { TimeWindow } from '../window';
import { timesOf, type PodRows } from './container-rows';
import { rowDraft, type RowDraft } from './row-draft';
import { settle } from './settle';

/**
 * Divides the cost of a load balancer among the containers of the pods that its Service selects, by how long they ran
 * while it was there. Where it selects none, all of it is a row of its own, once.
 */
export function divideLoadBalancer(
  balancer: PricedLoadBalancer,
  pods: readonly PodRows[],
  window: TimeWindow,
): RowDraft[] {
  const { fact, covered } = balancer;
  const { namespace = '', service = '', ip = '' } = fact.properties;
  const total = nanosOrNull(fact.load_balancer_cost);
  const part = { service: `${namespace}/${service}`, ip };
  const selected = pods
    .filter(({ pod }) => pod.namespace === namespace && pod.services.includes(service))
    .flatMap(({ rows }) => rows)
    .map(({ draft, record }) => ({ draft, weightMs: lengthMs(within(record.running, covered)) }))
    .filter(({ weightMs }) => weightMs > 0);
  const allMs = selected.reduce((sum, { weightMs }) => sum + weightMs, 0);
  if (allMs === 0) {
    const row = rowDraft({
      kind: 'unattributed',
      asset_type: 'load_balancer',
      asset_key: fact.asset_key,
      namespace,
      services: [service],
      ...timesOf(covered, window),
    });
    row.loadBalancers.push({ part: { ...part, hours: fact.load_balancer_hours }, cost: total });
    return [row];
  }
  const claims = selected.map(({ weightMs }) => divideRounded((total ?? 0n) * BigInt(weightMs), BigInt(allMs)));
  const { shares } = settle(total ?? 0n, claims);
  selected.forEach(({ draft, weightMs }, index) => {
    const hours = fact.load_balancer_hours === null ? null : (fact.load_balancer_hours * weightMs) / allMs;
    draft.loadBalancers.push({ part: { ...part, hours }, cost: total === null ? null : (shares[index] ?? 0n) });
  });
  return [];
}

/** The fee for the control plane: nobody's. */
export function managementRow(fact: AssetFact, window: TimeWindow): RowDraft {
  const row = rowDraft({
    kind: 'unattributed',
    asset_type: 'management',
    asset_key: fact.asset_key,
    ...timesOf([{ ...window, endMs: window.startMs + fact.covered_seconds * 1000, value: 1 }], window),
  });
  row.costs.set('management', nanosOrNull(fact.management_cost));
  return row;
}

/** A row for traffic of a pod none of whose containers is known to have run. */
function strayTraffic({ pod }: PodRows, traffic: Traffic): RowDraft {
  return rowDraft({
    kind: 'unattributed',
    asset_type: 'network',
    asset_key: traffic,
    node: pod.node,
    namespace: pod.namespace,
    controller_kind: pod.controller.kind,
    controller: pod.controller.name,
    pod: pod.pod,
    pod_uid: pod.uid,
    services: [...pod.services],
    labels: pod.labels,
    annotations: pod.annotations,
    [`network_${traffic}_bytes`]: quantityOf(pod.egress.get(traffic) ?? null),
  });
}

function divideTraffic(fact: AssetFact, traffic: Traffic, pods: readonly PodRows[]): RowDraft[] {
  const stray: RowDraft[] = [];
  const parts = pods.flatMap((one) => {
    const charge = one.pod.egress.get(traffic);
    if (charge === undefined) return [];
    let drafts = one.rows.map(({ draft }) => draft);
    if (drafts.length === 0) {
      drafts = [strayTraffic(one, traffic)];
      stray.push(...drafts);
    }
    const { perPricedUnit } = charge.unit;
    const claim = costOf({ ...charge, unit: { ...charge.unit, perPricedUnit: perPricedUnit * BigInt(drafts.length) } });
    return drafts.map((draft) => ({ draft, claim }));
  });
  const total = nanosOrNull(fact.network_cost);
  const claims = parts.map(({ claim }) => (total === null ? 0n : (claim ?? 0n)));
  const { shares, rest } = settle(total ?? 0n, claims);
  // Every counter is some pod's: a rest would be money that nobody pays.
  if (rest !== 0n) throw new AppError('internal-error', 'The traffic of the pods is not that of the cluster.');
  parts.forEach(({ draft }, index) => draft.costs.set(traffic, total === null ? null : (shares[index] ?? 0n)));
  return stray;
}

/** Divides egress among the pods that sent it, and each pod's part evenly among its containers. */
export function divideNetwork(facts: readonly AssetFact[], pods: readonly PodRows[]): RowDraft[] {
  return traffics.flatMap((traffic) => {
    const fact = facts.find(({ asset_key }) => asset_key === traffic);
    return fact === undefined ? [] : divideTraffic(fact, traffic, pods);
  });
}
