import { formatNanos, parseNanos, sumNanos, type AllocationFact, type Nanos } from '@cloudtuner/cost-model';
import type { AllocationGroup } from '../allocation/reading-plan';
import { fact } from './allocation-world';

/** Groupings of all kinds. */
export const groups: Readonly<Record<string, AllocationGroup>> = {
  all: { columns: [], labelKeys: [] },
  namespace: { columns: ['namespace'], labelKeys: [] },
  controller: { columns: ['namespace', 'controller_kind', 'controller'], labelKeys: [] },
  node: { columns: ['node'], labelKeys: [] },
  pod: { columns: ['namespace', 'pod', 'pod_uid'], labelKeys: [] },
  'namespace and node': { columns: ['namespace', 'node'], labelKeys: [] },
  'chosen label': { columns: [], labelKeys: ['team'] },
  'other label': { columns: [], labelKeys: ['app'] },
  'two labels': { columns: [], labelKeys: ['team', 'app'] },
  'what only pods have': {
    columns: ['namespace'],
    labelKeys: ['app'],
    details: { services: true, annotationKeys: ['owner'], labelNames: true, annotationNames: true },
  },
};

/** Numbers that look random and are the same in every run. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

/** An hour of 40 containers on 3 nodes, what is idle there (once below zero), a fee, and a volume that nothing mounts. */
export function clusterHour(seed: number): AllocationFact[] {
  const random = seeded(seed);
  const nanos = (most: number): Nanos => BigInt(Math.floor(random() * most));
  const money = (...parts: readonly Nanos[]): string => formatNanos(sumNanos(parts));
  const containers = Array.from({ length: 40 }, (_none, index) => {
    const [cpu, ram, network] = [nanos(9e9), nanos(7), nanos(1e6)];
    return fact({
      namespace: `ns-${String(index % 4)}`,
      controller: `web-${String(index % 7)}`,
      pod: `pod-${String(index)}`,
      pod_uid: `uid-${String(index)}`,
      node: `n${String(index % 3)}`,
      labels: index % 5 === 0 ? {} : { team: `t${String(index % 3)}`, app: seed % 2 === 0 ? 'x' : 'y' },
      cpu_core_hours: random() / 3,
      ram_byte_hours: random() * 1e12,
      cpu_core_request_hours: random(),
      cpu_core_usage_hours: index % 2 === 0 ? null : random(),
      cpu_core_usage_max: random(),
      cpu_cost: money(cpu),
      ram_cost: index % 6 === 0 ? null : money(ram),
      network_cost: money(network),
      network_internet_cost: money(network),
      total_cost: money(cpu, index % 6 === 0 ? 0n : ram, network),
    });
  });
  const idle = [0, 1, 2].map((index) => {
    const cpu = nanos(5e9) - 2_500_000_000n;
    return fact({
      ...{ kind: 'idle', asset_type: 'node', asset_key: `n${String(index)}`, node: `n${String(index)}` },
      ...{ namespace: '', controller: '', controller_kind: '', pod: '', pod_uid: '', container: '' },
      cpu_cost: money(cpu),
      total_cost: money(cpu),
    });
  });
  const none = { namespace: '', controller: '', controller_kind: '', pod: '', pod_uid: '', container: '', node: '' };
  const [fee, disk] = [nanos(1e9), nanos(1e8)];
  return [
    ...containers,
    ...idle,
    fact({
      ...none,
      kind: 'unattributed',
      asset_type: 'management',
      asset_key: 'm',
      management_cost: money(fee),
      total_cost: money(fee),
    }),
    fact({
      ...none,
      kind: 'unattributed',
      asset_type: 'disk',
      asset_key: 'd',
      pv_cost: money(disk),
      total_cost: money(disk),
    }),
  ];
}

/** What rows add up to. */
export const totalOf = (rows: readonly { total_cost: string }[]): Nanos =>
  sumNanos(rows.map((row) => parseNanos(row.total_cost)));
