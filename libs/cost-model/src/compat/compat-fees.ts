import { labelOf } from '../asset-index';
import type { Traffic } from '../assets/network';
import type { Series } from '../series';
import { msPerHour, type TimeWindow } from '../window';
import { keyOf, namesOf, type CompatWindow } from './compat-window';
import { averageOver, increaseOver } from './promql';

const gibibyte = 2 ** 30;

/** A load balancer of a Service, for as long as OpenCost counts it. */
export interface CompatLoadBalancer {
  readonly namespace: string;
  readonly service: string;
  readonly ip: string;
  readonly lifetime: TimeWindow;
  readonly hours: number;
  readonly cost: number;
}

/** Load balancers by Service: price × (last − first sample + one resolution). */
export function compatLoadBalancers(at: CompatWindow): CompatLoadBalancer[] {
  return [...at.by('kubecost_load_balancer_cost', ['namespace', 'service_name'])].flatMap(([key, series]) => {
    const [namespace = '', service = ''] = namesOf(key);
    const lifetime = at.lifetime(series);
    if (lifetime === undefined) return [];
    const hours = (lifetime.endMs - lifetime.startMs + at.resolutionMs) / msPerHour;
    const ip = series.map((one) => labelOf(one, 'ingress_ip')).find((text) => text !== '') ?? '';
    return { namespace, service, ip, lifetime, hours, cost: averageOver(series, at.window) * hours };
  });
}

const traffics: Readonly<Record<Traffic, { readonly price: string; readonly is: (series: Series) => boolean }>> = {
  zone: {
    price: 'kubecost_network_zone_egress_cost',
    is: (series) => kindOf(series) === 'false,false,true',
  },
  region: {
    price: 'kubecost_network_region_egress_cost',
    is: (series) => kindOf(series) === 'false,false,false',
  },
  internet: { price: 'kubecost_network_internet_egress_cost', is: (series) => labelOf(series, 'internet') === 'true' },
};

const kindOf = (series: Series): string =>
  ['internet', 'same_zone', 'same_region'].map((label) => labelOf(series, label)).join();

/** What a pod sent, and what that costs. */
export interface CompatTraffic {
  readonly bytes: number;
  readonly cost: number;
}

/** Egress of each pod of one kind: `sum(increase(…))` × the mean price of the cluster. */
export function compatTraffic(at: CompatWindow, traffic: Traffic): (namespace: string, pod: string) => CompatTraffic {
  const { price: priceMetric, is } = traffics[traffic];
  const prices = [...at.by(priceMetric, ['__name__']).values()].flat();
  const average = averageOver(prices, at.window);
  const price = Number.isNaN(average) ? 0 : average;
  const counters = at.by('kubecost_pod_network_egress_bytes_total', ['namespace', 'pod_name'], is);
  return (namespace, pod) => {
    const series = counters.get(keyOf(namespace, pod)) ?? [];
    const bytes = series.reduce((sum, one) => sum + increaseOver(one, at.window), 0);
    return { bytes, cost: (bytes / gibibyte) * price };
  };
}
