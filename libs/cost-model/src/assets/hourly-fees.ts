import type { AssetFact } from '../asset-fact';
import { firstLabel, labelOf, type AssetIndex } from '../asset-index';
import { chargeCapacity, chargeUnits, type Charge } from '../charge';
import type { StepFunction } from '../intervals';
import { priceSourceOf, type PriceSource } from '../price-book';
import type { Series } from '../series';
import { priceRange } from '../value-range';
import { assetFact } from './fact';

/** One thing for as long as it is seen, at its price per hour. */
function chargeHours(
  what: 'load_balancer' | 'management',
  { present, series }: { readonly present: StepFunction; readonly series: readonly Series[] },
  index: AssetIndex,
): { readonly charge: Charge | null; readonly price_source: PriceSource } {
  const exported = index.known(series, priceRange);
  const price = index.book?.cluster(what, exported) ?? exported;
  return {
    charge: chargeCapacity(present, price, chargeUnits.countHours),
    price_source: priceSourceOf([price, exported]),
  };
}

function loadBalancerKey(series: Series): string {
  const service = labelOf(series, 'service_name');
  return service === '' ? '' : [labelOf(series, 'namespace'), service, labelOf(series, 'ingress_ip')].join('/');
}

/** A load balancer and when it was there. */
export interface PricedLoadBalancer {
  readonly fact: AssetFact;
  readonly covered: StepFunction;
}

/** Load balancers of Services, by address. */
export function priceLoadBalancers(index: AssetIndex): PricedLoadBalancer[] {
  return [...index.group('kubecost_load_balancer_cost', loadBalancerKey)].flatMap(([key, series]) => {
    const covered = index.presence(series);
    if (covered.length === 0) return [];
    const { charge: loadBalancer, price_source } = chargeHours('load_balancer', { present: covered, series }, index);
    const properties = {
      ip: firstLabel(series, 'ingress_ip'),
      namespace: firstLabel(series, 'namespace'),
      service: firstLabel(series, 'service_name'),
      price_source,
    };
    return [{ fact: assetFact({ type: 'load_balancer', key, properties, covered }, { loadBalancer }, index), covered }];
  });
}

// A fee whose provisioner has no name still costs.
const namelessProvisioner = 'cluster';

/** What the provider takes for the control plane, by provisioner. */
export function priceManagement(index: AssetIndex): AssetFact[] {
  const provisionerOf = (series: Series): string => labelOf(series, 'provisioner_name') || namelessProvisioner;
  return [...index.group('kubecost_cluster_management_cost', provisionerOf)].flatMap(([key, series]) => {
    const covered = index.presence(series);
    if (covered.length === 0) return [];
    const { charge: management, price_source } = chargeHours('management', { present: covered, series }, index);
    return [assetFact({ type: 'management', key, properties: { price_source }, covered }, { management }, index)];
  });
}
