import { compareAllocationFacts, type AllocationFact } from '../allocation-fact';
import { groupBy } from '../group-by';
import { traffics } from '../assets/network';
import type { NodeResource } from '../facts/container-record';
import { allocateHour } from '../facts/hour-allocator';
import { factOf, rowDraft, type RowDraft } from '../facts/row-draft';
import { nanosFromNumber } from '../money';
import type { AssetSeries } from '../series';
import type { TimeWindow } from '../window';
import { compatContainers, type CompatContainer } from './compat-containers';
import { compatLoadBalancers, compatTraffic, type CompatLoadBalancer } from './compat-fees';
import { compatNodeNames, compatNodes, type CompatNode } from './compat-nodes';
import { compatVolumes, type CompatVolumeShare } from './compat-volumes';
import { CompatWindow, sharedHours } from './compat-window';

const gibibyte = 2 ** 30;
const resources = ['cpu', 'ram', 'gpu'] as const satisfies readonly NodeResource[];

export interface CompatInput {
  /** At most a day: OpenCost adds longer windows up from such pieces. */
  readonly window: TimeWindow;
  /** `compatMetricNames`. */
  readonly series: AssetSeries;
  /** OpenCost's resolution; default 5 minutes. */
  readonly resolutionMs?: number;
}

type Description = Pick<
  AllocationFact,
  'provider_id' | 'controller_kind' | 'controller' | 'services' | 'labels' | 'annotations'
>;

const undescribed: Description = {
  provider_id: '',
  controller_kind: '',
  controller: '',
  services: [],
  labels: {},
  annotations: {},
};

/** Owner, Services and labels of pods as the exact mode finds them: in OpenCost they depend on the order of a map (D7). */
function descriptionsOf(facts: readonly AllocationFact[]): (namespace: string, pod: string) => Description {
  const lastOfPod = new Map<string, AllocationFact>();
  for (const fact of facts) {
    const key = JSON.stringify([fact.namespace, fact.pod]);
    if (fact.kind !== 'container' || fact.ended_seconds < (lastOfPod.get(key)?.ended_seconds ?? 0)) continue;
    lastOfPod.set(key, fact);
  }
  return (namespace, pod) => {
    const fact = lastOfPod.get(JSON.stringify([namespace, pod]));
    if (fact === undefined) return undescribed;
    const { provider_id, controller_kind, controller, services, labels, annotations } = fact;
    return { provider_id, controller_kind, controller, services, labels, annotations };
  };
}

interface Charged {
  readonly container: CompatContainer;
  readonly draft: RowDraft;
  readonly costs: Readonly<Record<NodeResource, number>>;
}

class CompatAllocator {
  private readonly at: CompatWindow;
  private readonly nodes: (node: string) => CompatNode;
  private readonly charged: readonly Charged[];
  private readonly unpaid: RowDraft[] = [];

  constructor({ window, series, resolutionMs = 5 * 60_000 }: CompatInput) {
    this.at = new CompatWindow(series, window, resolutionMs);
    this.nodes = compatNodes(this.at);
    const describe = descriptionsOf(allocateHour({ window, series }).allocations);
    this.charged = compatContainers(this.at).map((container) =>
      this.charge(container, describe(container.namespace, container.pod)),
    );
  }

  allocate(): AllocationFact[] {
    const lifetimes = new Map(this.charged.map(({ container }) => [podKey(container), container.lifetime]));
    const volumes = compatVolumes(this.at, (namespace, pod) => lifetimes.get(podKey({ namespace, pod })));
    for (const share of volumes) this.payVolume(share);
    for (const balancer of compatLoadBalancers(this.at)) this.payLoadBalancer(balancer);
    this.payTraffic();
    const drafts = [...this.charged.map(({ draft }) => draft), ...this.unpaid, ...this.idle()];
    return drafts.map(factOf).sort(compareAllocationFacts);
  }

  private charge(container: CompatContainer, description: Description): Charged {
    const { namespace, pod, node, lifetime } = container;
    const { prices } = this.nodes(node);
    const costs = {
      cpu: container.cpuCoreHours * prices.cpu,
      ram: (container.ramByteHours / gibibyte) * prices.ram,
      gpu: container.gpuHours * prices.gpu,
    };
    const seconds = (ms: number): number => Math.max(0, (ms - this.at.window.startMs) / 1000);
    const draft = rowDraft({
      kind: 'container',
      ...description,
      node,
      namespace,
      pod,
      container: container.container,
      started_seconds: seconds(lifetime.startMs),
      ended_seconds: seconds(lifetime.endMs),
      // Gaps in between count as running.
      covered_seconds: (lifetime.endMs - lifetime.startMs) / 1000,
      cpu_core_hours: container.cpuCoreHours,
      cpu_core_request_hours: container.cpuCoreRequestHours,
      ram_byte_hours: container.ramByteHours,
      ram_byte_request_hours: container.ramByteRequestHours,
      gpu_hours: container.gpuHours,
    });
    for (const resource of resources) draft.costs.set(resource, nanosFromNumber(costs[resource]));
    return { container, draft, costs };
  }

  private payVolume({ namespace, pod, claim, volume, byteHours, cost }: CompatVolumeShare): void {
    const payers =
      pod === null ? [] : this.charged.filter(({ container }) => podKey(container) === podKey({ namespace, pod }));
    const part = { volume, claim, provider_id: '', byte_hours: byteHours };
    if (payers.length === 0) {
      const draft = rowDraft({
        kind: 'unattributed',
        asset_type: 'disk',
        asset_key: volume,
        namespace,
        pod: namespace === '' ? '' : `${namespace}-unmounted-pvcs`,
      });
      draft.volumes.push({ part, cost: nanosFromNumber(cost) });
      this.unpaid.push(draft);
      return;
    }
    for (const { draft } of payers) {
      draft.volumes.push({
        part: { ...part, byte_hours: byteHours / payers.length },
        cost: nanosFromNumber(cost / payers.length),
      });
    }
  }

  private payLoadBalancer(balancer: CompatLoadBalancer): void {
    const { namespace, service, ip, lifetime, hours, cost } = balancer;
    const named = `${namespace}/${service}`;
    const payers = this.charged
      .filter(({ container, draft }) => container.namespace === namespace && draft.fields.services?.includes(service))
      .map(({ container, draft }) => ({ draft, weight: sharedHours(container.lifetime, lifetime) }))
      .filter(({ weight }) => weight > 0);
    const whole = payers.reduce((sum, { weight }) => sum + weight, 0);
    if (payers.length === 0) {
      const draft = rowDraft({
        kind: 'unattributed',
        asset_type: 'load_balancer',
        asset_key: `${named}/${ip}`,
        namespace,
        services: [service],
      });
      // D2: one that selects nothing is added twice.
      draft.loadBalancers.push({ part: { service: named, ip, hours }, cost: nanosFromNumber(2 * cost) });
      this.unpaid.push(draft);
    }
    for (const { draft, weight } of payers) {
      const share = weight / whole;
      draft.loadBalancers.push({
        part: { service: named, ip, hours: hours * share },
        cost: nanosFromNumber(cost * share),
      });
    }
  }

  private payTraffic(): void {
    const pods = groupBy(this.charged, ({ container }) => podKey(container));
    for (const traffic of traffics) {
      const sentBy = compatTraffic(this.at, traffic);
      for (const containers of pods.values()) {
        const pod = containers[0]?.container;
        if (pod === undefined) continue;
        const { cost } = sentBy(pod.namespace, pod.pod);
        for (const { draft } of containers) draft.costs.set(traffic, nanosFromNumber(cost / containers.length));
      }
    }
  }

  /** D3: what is left of cores, memory and GPUs only; below zero where allocations exceed the assets (D4). */
  private idle(): RowDraft[] {
    return compatNodeNames(this.at).map((node) => {
      const { costs } = this.nodes(node);
      const draft = rowDraft({ kind: 'idle', asset_type: 'node', asset_key: node, node });
      const own = this.charged.filter(({ container }) => container.node === node);
      for (const resource of resources) {
        const allocated = own.reduce((sum, one) => sum + one.costs[resource], 0);
        draft.costs.set(resource, nanosFromNumber(costs[resource] - allocated));
      }
      return draft;
    });
  }
}

const podKey = ({ namespace, pod }: { readonly namespace: string; readonly pod: string }): string =>
  JSON.stringify([namespace, pod]);

/**
 * The allocations of a window by OpenCost's arithmetic of October 2024, with its defects, for comparing with an OpenCost of one's own. Rows do
 * not add up to the assets: that is what the exact mode, {@link allocateHour}, is for.
 *
 * D1 volumes count time twice; D2 load balancers without pods count twice; D3 idle is of nodes only; D4 shared cores make idle negative;
 * D5 prices are means over the window; D6 pods of one name are one; D7 descriptions are those of the exact mode; D8 rounding is the business
 * of `openCostAllocationOf`.
 *
 * **Source**: OpenCost `pkg/costmodel/allocation.go`, `allocation_helpers.go`, `cluster.go`; subqueries as in Prometheus 2.
 */
export function allocateCompat(input: CompatInput): AllocationFact[] {
  return new CompatAllocator(input).allocate();
}
