import type { AssetFact, AssetType } from '../asset-fact';
import { costOf, priceOf, quantityOf, type Charge } from '../charge';
import { byText, type AssetIndex } from '../asset-index';
import { lengthMs, type StepFunction } from '../intervals';
import { formatCost, formatNanos, sumNanos, type Nanos } from '../money';

/** What an asset is charged for; a part that does not apply to it is absent. */
export interface AssetCharges {
  readonly cpu?: Charge | null;
  readonly ram?: Charge | null;
  readonly gpu?: Charge | null;
  readonly storage?: Charge | null;
  readonly network?: Charge | null;
  readonly loadBalancer?: Charge | null;
  readonly management?: Charge | null;
}

export interface AssetDescription {
  readonly type: AssetType;
  readonly key: string;
  readonly providerId?: string;
  /** Those with an empty text are left out. */
  readonly properties?: Readonly<Record<string, string>>;
  readonly covered: StepFunction;
}

// Seven such parts still fit a Decimal(18,9), which is what stores keep; a part above it is a fault of its inputs.
const maxComponentNanos: Nanos = 10n ** 17n;

function plausibleCost(charge: Charge | null, index: AssetIndex): Nanos | null {
  const cost = costOf(charge);
  if (cost === null || cost < maxComponentNanos) return cost;
  index.flags.add('cost-out-of-range');
  return null;
}

function sortedProperties(properties: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([, text]) => text !== '')
      .sort(([a], [b]) => byText(a, b)),
  );
}

/** The row of one asset: each part is rounded once, the total is the integer sum of the known parts. */
export function assetFact(description: AssetDescription, charges: AssetCharges, index: AssetIndex): AssetFact {
  const { cpu = null, ram = null, gpu = null, storage = null } = charges;
  const { network = null, loadBalancer = null, management = null } = charges;
  const costs = [cpu, ram, gpu, storage, network, loadBalancer, management].map((charge) => {
    if (charge?.atZeroPrice === true) index.flags.add('zero-price');
    return plausibleCost(charge, index);
  });
  const [cpuCost, ramCost, gpuCost, pvCost, networkCost, loadBalancerCost, managementCost] = costs.map((cost) =>
    formatCost(cost),
  );
  return {
    asset_type: description.type,
    asset_key: description.key,
    provider_id: description.providerId ?? '',
    properties: sortedProperties(description.properties ?? {}),
    covered_seconds: Math.round(lengthMs(description.covered) / 1000),
    cpu_core_hours: quantityOf(cpu),
    ram_byte_hours: quantityOf(ram),
    gpu_hours: quantityOf(gpu),
    storage_byte_hours: quantityOf(storage),
    network_bytes: quantityOf(network),
    load_balancer_hours: quantityOf(loadBalancer),
    management_hours: quantityOf(management),
    cpu_core_hour_price: priceOf(cpu),
    ram_gib_hour_price: priceOf(ram),
    gpu_hour_price: priceOf(gpu),
    storage_gib_hour_price: priceOf(storage),
    network_gib_price: priceOf(network),
    load_balancer_hour_price: priceOf(loadBalancer),
    management_hour_price: priceOf(management),
    cpu_cost: cpuCost ?? null,
    ram_cost: ramCost ?? null,
    gpu_cost: gpuCost ?? null,
    pv_cost: pvCost ?? null,
    network_cost: networkCost ?? null,
    load_balancer_cost: loadBalancerCost ?? null,
    management_cost: managementCost ?? null,
    total_cost: formatNanos(sumNanos(costs.map((cost) => cost ?? 0n))),
  };
}
