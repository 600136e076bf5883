import type { AssetFact } from '../asset-fact';
import { firstLabel, isPrice, isQuantity, labelOf, type AssetIndex } from '../asset-index';
import { chargeCapacity, chargeUnits } from '../charge';
import type { Series } from '../series';
import { assetFact } from './fact';

const volumeOf = (series: Series): string => labelOf(series, 'persistentvolume', 'volumename');

/** Persistent volumes: capacity × price, mounted or not. */
export function priceDisks(index: AssetIndex): AssetFact[] {
  const prices = index.group('pv_hourly_cost', volumeOf);
  const capacities = index.group('kube_persistentvolume_capacity_bytes', volumeOf);
  const infos = index.group('kubecost_pv_info', volumeOf);
  const facts: AssetFact[] = [];
  for (const volume of new Set([...prices.keys(), ...capacities.keys()])) {
    const price = prices.get(volume) ?? [];
    const capacity = capacities.get(volume) ?? [];
    const present = index.presence([...price, ...capacity]);
    if (present.length === 0) continue;
    const storage = chargeCapacity(
      index.known(capacity, isQuantity),
      index.known(price, isPrice),
      chargeUnits.byteHours,
    );
    if (storage === null) index.flags.add('disk-capacity-unknown');
    else if (storage.amount === null) index.flags.add('disk-unpriced');
    const describing = index.latestFirst([...(infos.get(volume) ?? []), ...price]);
    const covered =
      storage === null || storage.amount === null ? present : storage.intervals.map((one) => ({ ...one, value: 1 }));
    facts.push(
      assetFact(
        {
          type: 'disk',
          key: volume,
          providerId: firstLabel(describing, 'provider_id'),
          properties: { storage_class: firstLabel(describing, 'storageclass') },
          covered,
        },
        { storage },
        index,
      ),
    );
  }
  return facts;
}
