import type { TimeWindow } from '../window';
import { hoursOf, keyOf, namesOf, sharedHours, type CompatWindow } from './compat-window';
import { averageOver } from './promql';

const gibibyte = 2 ** 30;

/** What OpenCost charges for a volume: to a pod, or to nobody when `pod` is null. */
export interface CompatVolumeShare {
  readonly namespace: string;
  readonly pod: string | null;
  readonly claim: string;
  readonly volume: string;
  readonly byteHours: number;
  readonly cost: number;
}

interface Claim {
  readonly namespace: string;
  readonly claim: string;
  readonly volume: string;
  readonly lifetime: TimeWindow;
  readonly bytes: number;
  readonly price: number;
}

/**
 * Parts of a claim's life by how many pods mount it, as shares of the whole: each pod's, and that of nobody.
 *
 * D1: a share is of the claim's life already, and is then multiplied by the pod's own hours.
 */
function coefficientsOf(
  lifetime: TimeWindow,
  mounts: ReadonlyMap<string, TimeWindow>,
): ReadonlyMap<string | null, number> {
  const wholeHours = hoursOf(lifetime);
  const edges = [lifetime, ...mounts.values()].flatMap(({ startMs, endMs }) => [startMs, endMs]);
  const cuts = [...new Set(edges)].filter((at) => at >= lifetime.startMs && at <= lifetime.endMs).sort((a, b) => a - b);
  const coefficients = new Map<string | null, number>();
  for (let index = 1; index < cuts.length; index += 1) {
    const slice = { startMs: cuts[index - 1] ?? 0, endMs: cuts[index] ?? 0 };
    const users = [...mounts].filter(([, mount]) => sharedHours(mount, slice) > 0).map(([pod]) => pod);
    const payers: readonly (string | null)[] = users.length === 0 ? [null] : users;
    for (const payer of payers) {
      const share = hoursOf(slice) / wholeHours / payers.length;
      coefficients.set(payer, (coefficients.get(payer) ?? 0) + share);
    }
  }
  return coefficients;
}

function claimsOf(at: CompatWindow): Claim[] {
  const requested = at.averages(
    at.by('kube_persistentvolumeclaim_resource_requests_storage_bytes', ['namespace', 'persistentvolumeclaim']),
  );
  const capacities = at.averages(at.by('kube_persistentvolume_capacity_bytes', ['persistentvolume']));
  const prices = at.averages(at.by('pv_hourly_cost', ['volumename']));
  const infos = at.by('kube_persistentvolumeclaim_info', ['namespace', 'persistentvolumeclaim', 'volumename']);
  return [...infos].flatMap(([key, series]) => {
    const [namespace = '', claim = '', volume = ''] = namesOf(key);
    const lifetime = at.lifetime(series);
    if (lifetime === undefined) return [];
    const bytes = requested.get(keyOf(namespace, claim)) ?? capacities.get(keyOf(volume)) ?? 0;
    return { namespace, claim, volume, lifetime, bytes, price: prices.get(keyOf(volume)) ?? 0 };
  });
}

/** The volumes of claims, by who mounts them. */
function sharesOfClaim(claim: Claim, mounts: ReadonlyMap<string, TimeWindow>): CompatVolumeShare[] {
  const { namespace, volume, lifetime, bytes, price } = claim;
  return [...coefficientsOf(lifetime, mounts)].map(([pod, coefficient]) => {
    const byteHours = bytes * hoursOf(mounts.get(pod ?? '') ?? lifetime) * coefficient;
    return { namespace, pod, claim: claim.claim, volume, byteHours, cost: (price * byteHours) / gibibyte };
  });
}

/** Volumes that no claim has: their whole cost, to nobody, in no namespace. */
function withoutClaim(at: CompatWindow, claimed: ReadonlySet<string>): CompatVolumeShare[] {
  const prices = at.averages(at.by('pv_hourly_cost', ['volumename']));
  return [...at.by('kube_persistentvolume_capacity_bytes', ['persistentvolume'])].flatMap(([key, series]) => {
    const [volume = ''] = namesOf(key);
    const lifetime = at.lifetime(series);
    if (claimed.has(volume) || lifetime === undefined) return [];
    const byteHours = averageOver(series, at.window) * hoursOf(lifetime);
    const cost = ((prices.get(key) ?? 0) * byteHours) / gibibyte;
    return { namespace: '', pod: null, claim: '', volume, byteHours, cost };
  });
}

/** What volumes cost whom; `lifetimeOf` knows the pods. */
export function compatVolumes(
  at: CompatWindow,
  lifetimeOf: (namespace: string, pod: string) => TimeWindow | undefined,
): CompatVolumeShare[] {
  const claims = claimsOf(at);
  const relations = [...at.by('pod_pvc_allocation', ['namespace', 'pod', 'persistentvolumeclaim']).keys()].map(namesOf);
  const shares = claims.flatMap((claim) => {
    const mounts = new Map<string, TimeWindow>();
    for (const [namespace = '', pod = '', name = ''] of relations) {
      const lifetime = lifetimeOf(namespace, pod);
      if (namespace === claim.namespace && name === claim.claim && lifetime !== undefined) mounts.set(pod, lifetime);
    }
    return sharesOfClaim(claim, mounts);
  });
  return [...shares, ...withoutClaim(at, new Set(claims.map(({ volume }) => volume)))];
}
