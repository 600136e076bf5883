import type { AssetFact } from '../asset-fact';
import { firstLabel, isPrice, labelOf, type AssetIndex } from '../asset-index';
import { chargeCapacity, chargeUnits, type Charge } from '../charge';
import type { StepFunction } from '../intervals';
import type { Series } from '../series';
import { assetFact } from './fact';

/** One thing for as long as it is seen, at its price per hour. */
function chargeHours(present: StepFunction, series: readonly Series[], index: AssetIndex): Charge | null {
  return chargeCapacity(present, index.known(series, isPrice), chargeUnits.countHours);
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
    const properties = {
      ip: firstLabel(series, 'ingress_ip'),
      namespace: firstLabel(series, 'namespace'),
      service: firstLabel(series, 'service_name'),
    };
    const loadBalancer = chargeHours(covered, series, index);
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
    const management = chargeHours(covered, series, index);
    return [assetFact({ type: 'management', key, covered }, { management }, index)];
  });
}
