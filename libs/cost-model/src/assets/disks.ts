import type { AssetFact } from '../asset-fact';
import { firstLabel, labelOf, type AssetIndex } from '../asset-index';
import { chargeCapacity, chargeUnits } from '../charge';
import { within, type StepFunction } from '../intervals';
import { priceSourceOf } from '../price-book';
import type { Series } from '../series';
import { priceRange, quantityRange } from '../value-range';
import { assetFact } from './fact';

const volumeOf = (series: Series): string => labelOf(series, 'persistentvolume', 'volumename');

/** A volume, and what its fact was rounded from. */
export interface PricedDisk {
  readonly fact: AssetFact;
  /** Bytes, while the volume is charged; while it is known at all when it has no price. */
  readonly capacity: StepFunction;
  /** Per GiB-hour. */
  readonly price: StepFunction;
}

/** Persistent volumes: capacity × price, mounted or not. */
export function priceDisks(index: AssetIndex): PricedDisk[] {
  const prices = index.group('pv_hourly_cost', volumeOf);
  const capacities = index.group('kube_persistentvolume_capacity_bytes', volumeOf);
  const infos = index.group('kubecost_pv_info', volumeOf);
  const disks: PricedDisk[] = [];
  for (const volume of new Set([...prices.keys(), ...capacities.keys()])) {
    const priceSeries = prices.get(volume) ?? [];
    const capacitySeries = capacities.get(volume) ?? [];
    const present = index.presence([...priceSeries, ...capacitySeries]);
    if (present.length === 0) continue;
    const capacity = index.known(capacitySeries, quantityRange);
    const describing = index.latestFirst([...(infos.get(volume) ?? []), ...priceSeries]);
    const storageClass = firstLabel(describing, 'storageclass');
    const exported = index.known(priceSeries, priceRange);
    const price = index.book?.storage({ volume, storageClass }, exported) ?? exported;
    const storage = chargeCapacity(capacity, price, chargeUnits.byteHours);
    if (storage === null) index.flags.add('disk-capacity-unknown');
    else if (storage.amount === null) index.flags.add('disk-unpriced');
    const covered =
      storage === null || storage.amount === null ? present : storage.intervals.map((one) => ({ ...one, value: 1 }));
    const fact = assetFact(
      {
        type: 'disk',
        key: volume,
        providerId: firstLabel(describing, 'provider_id'),
        properties: { storage_class: storageClass, price_source: priceSourceOf([price, exported]) },
        covered,
      },
      { storage },
      index,
    );
    disks.push({ fact, price, capacity: storage?.amount == null ? capacity : within(capacity, price) });
  }
  return disks;
}
