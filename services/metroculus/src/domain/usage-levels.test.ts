import type { Series } from '@cloudtuner/cost-model';
import { quotaLevels, usageLevels } from './usage-levels';
import type { UsageReading } from './usage-reading';

type Labels = Readonly<Record<string, string>>;

const minute = 60_000;

const series = (labels: Labels, ...values: readonly (number | null)[]): Series => {
  const points = values.flatMap((value, index) => (value === null ? [] : [[index * minute, value] as const]));
  return {
    labels,
    timestampsMs: points.map(([timestampMs]) => timestampMs),
    values: points.map(([, value]) => value),
  };
};
const nothing: UsageReading = {
  requests: [],
  limits: [],
  cpu: [],
  memory: [],
  quotas: [],
  podOwners: [],
  replicaSetOwners: [],
  lastSampleMs: null,
};
const owner = (pod: string, kind: string, name: string) => ({
  labels: { namespace: 'shop', pod, owner_kind: kind, owner_name: name },
  value: 1,
});

describe('usageLevels', () => {
  it('has mean, 95th percentile and greatest use over time, with null for what nobody told', () => {
    // 21 values 0 … 20: the rank of the 95th percentile is .95 × 20 = 19, the value 19.
    const values = Array.from({ length: 21 }, (_, index) => index);
    const [shop] = usageLevels({ ...nothing, cpu: [series({ namespace: 'shop' }, ...values)] }, { byWorkload: false });
    expect(shop).toEqual({
      namespace: 'shop',
      controllerKind: null,
      controller: null,
      pods: null,
      cpuCores: { requested: null, limit: null, usedAvg: 10, usedP95: 19, usedMax: 20 },
      ramBytes: { requested: null, limit: null, usedAvg: null, usedP95: null, usedMax: null },
    });
  });

  it('adds the pods of a workload up moment by moment, so that its peak is not the sum of their peaks', () => {
    const reading = {
      ...nothing,
      cpu: [
        series({ namespace: 'shop', pod: 'web-7f-a' }, 1, 3, null, null),
        series({ namespace: 'shop', pod: 'web-7f-b' }, 3, 1, 2, null),
        series({ namespace: 'shop', pod: 'bare' }, 5, 5, 5, 5),
      ],
      podOwners: [owner('web-7f-a', 'ReplicaSet', 'web-7f'), owner('web-7f-b', 'ReplicaSet', 'web-7f')],
      replicaSetOwners: [
        { labels: { namespace: 'shop', replicaset: 'web-7f', owner_kind: 'Deployment', owner_name: 'web' }, value: 1 },
      ],
    };
    const [bare, web] = usageLevels(reading, { byWorkload: true });
    expect(bare).toMatchObject({ controllerKind: null, controller: 'bare', pods: 1 });
    // Totals 4, 4, 2 while it was there: mean 10/3, greatest 4; pods (2 + 2 + 1) ÷ 4 moments.
    expect(web).toMatchObject({ controllerKind: 'deployment', controller: 'web', pods: 1.25 });
    expect(web?.cpuCores.usedAvg).toBeCloseTo(10 / 3, 12);
    expect(web?.cpuCores.usedMax).toBe(4);
  });

  it('takes the greater of what two exporters tell of one pod, whatever names a scrape gave it', () => {
    const reading = {
      ...nothing,
      requests: [
        series({ namespace: 'shop', pod: 'web', resource: 'cpu' }, 1, 1),
        series(
          { namespace: 'monitoring', pod: 'ksm', exported_namespace: 'shop', exported_pod: 'web', resource: 'cpu' },
          1,
          2,
        ),
        series({ namespace: 'shop', pod: 'web', resource: 'memory' }, 64, 64),
      ],
    };
    const levels = usageLevels(reading, { byWorkload: false });
    expect(levels).toMatchObject([{ namespace: 'shop', cpuCores: { requested: 1.5 }, ramBytes: { requested: 64 } }]);
  });

  it('leaves out what is no number', () => {
    const [shop] = usageLevels(
      { ...nothing, memory: [series({ namespace: 'shop' }, Number.NaN, 4, Number.POSITIVE_INFINITY)] },
      { byWorkload: false },
    );
    expect(shop?.ramBytes).toMatchObject({ usedAvg: 4, usedMax: 4 });
  });
});

describe('quotaLevels', () => {
  it('puts both sides of a bound together, and knows no side that was not told', () => {
    const bound = (resource: string, type: string, value: number, more: Labels = {}) => ({
      labels: { namespace: 'shop', resourcequota: 'compute', resource, type, ...more },
      value,
    });
    expect(
      quotaLevels([
        bound('requests.cpu', 'hard', 8),
        bound('requests.cpu', 'used', 3),
        bound('pods', 'hard', 50),
        bound('pods', 'used', 7, { namespace: 'monitoring', exported_namespace: 'shop' }),
        bound('limits.cpu', 'hard', 16),
        bound('limits.cpu', 'other', 1),
      ]),
    ).toEqual([
      { namespace: 'shop', quota: 'compute', resource: 'limits.cpu', hard: 16, used: null },
      { namespace: 'shop', quota: 'compute', resource: 'pods', hard: 50, used: 7 },
      { namespace: 'shop', quota: 'compute', resource: 'requests.cpu', hard: 8, used: 3 },
    ]);
  });
});
