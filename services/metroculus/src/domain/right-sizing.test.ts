import { rightSize, type ResourceSaving } from './right-sizing';
import type { LabelledValue, WorkloadUsage } from './workload-usage';

const headroom = { cpu: 1.15, memory: 1.15 };
const gib = 2 ** 30;

const of = (pod: string, value: number, more: Readonly<Record<string, string>> = {}): LabelledValue => ({
  labels: { namespace: 'shop', pod, container: 'app', ...more },
  value,
});
const owned = (pod: string): LabelledValue => of(pod, 1, { owner_kind: 'StatefulSet', owner_name: 'db' });

const nothing: WorkloadUsage = {
  requests: [],
  cpuP95: [],
  cpuMax: [],
  memoryP95: [],
  memoryMax: [],
  presence: [],
  podOwners: [],
  replicaSetOwners: [],
  cpuPrices: [],
  ramPrices: [],
  coverage: 1,
};

const only = (savings: readonly ResourceSaving[]): ResourceSaving => {
  const [first] = savings;
  if (first === undefined || savings.length > 1) throw new Error(`expected one, found ${String(savings.length)}`);
  return first;
};

describe('rightSize', () => {
  it('values what is requested above need at the mean node price for 730 hours', () => {
    const usage = {
      ...nothing,
      podOwners: [owned('db-0'), owned('db-1')],
      requests: [of('db-0', 2, { resource: 'cpu' }), of('db-1', 1, { resource: 'cpu' })],
      presence: [of('db-0', 0.75), of('db-1', 0.25)],
      cpuP95: [of('db-0', 0.4), of('db-1', 0.2)],
      cpuMax: [of('db-0', 3), of('db-1', 0.3)],
      cpuPrices: [of('n1', 0.02), of('n2', 0.04)],
    };
    const saving = only(rightSize(usage, headroom).cpu);
    expect(saving.requested).toBeCloseTo(1.75, 12); // 2 × ¾ + 1 × ¼
    expect(saving).toMatchObject({ replicas: 1, usedP95: 0.4, usedMax: 3 });
    expect(saving.recommended).toBeCloseTo(0.46, 12);
    expect(saving.monthlySaving).toBeCloseTo(28.251, 9); // (1.75 − .46) × 1 × .03 × 730
  });

  it('shows a negative saving where more should be requested', () => {
    const usage = {
      ...nothing,
      requests: [of('p', gib, { resource: 'memory' })],
      presence: [of('p', 1)],
      memoryMax: [of('p', 2 * gib)],
      ramPrices: [of('n1', 0.004)],
    };
    const { recommended, monthlySaving } = only(rightSize(usage, headroom).memory);
    expect(recommended).toBe(2_469_606_196); // 2 × 2^30 × 1.15 = 2469606195.2, up to a whole byte
    expect(monthlySaving).toBeCloseTo(-3.796, 6); // (1 − 2.3) × .004 × 730
  });

  it('leaves unknown what it cannot know', () => {
    const unpriced = rightSize(
      { ...nothing, requests: [of('p', 1, { resource: 'cpu' })], presence: [of('p', 1)] },
      headroom,
    );
    expect(only(unpriced.cpu)).toMatchObject({ requested: 1, usedP95: null, recommended: null, monthlySaving: null });
    expect(unpriced).toMatchObject({ cpuCoreHourPrice: null, ramGibHourPrice: null });

    const unrequested = rightSize(
      { ...nothing, cpuP95: [of('p', 0.1)], presence: [of('p', 1)], cpuPrices: [of('n1', 1)] },
      headroom,
    );
    expect(only(unrequested.cpu)).toMatchObject({ requested: null, usedMax: null, monthlySaving: null });
    expect(only(unrequested.cpu).recommended).toBeCloseTo(0.115, 12);
  });

  it('joins what two exporters say of one container', () => {
    const renamed = {
      namespace: 'kubecost',
      pod: 'ksm-0',
      exported_namespace: 'shop',
      exported_pod: 'p',
      exported_container: 'app',
      resource: 'cpu',
    };
    const usage = {
      ...nothing,
      requests: [{ labels: renamed, value: 2 }, of('p', 2, { resource: 'cpu' })],
      presence: [of('p', 1)],
    };
    expect(only(rightSize(usage, headroom).cpu)).toMatchObject({ requested: 2, replicas: 1 });
  });

  it('puts the greatest saving first and unknown ones last, in the order of their names', () => {
    const usage = {
      ...nothing,
      requests: [of('a', 1, { resource: 'cpu' }), of('b', 5, { resource: 'cpu' })],
      presence: ['a', 'b', 'd', 'c'].map((pod) => of(pod, 1)),
      cpuP95: ['a', 'b', 'd', 'c'].map((pod) => of(pod, 0.1)),
      cpuPrices: [of('n1', 1)],
    };
    const { cpu } = rightSize(usage, headroom);
    expect(cpu.map(({ workload }) => workload.controller)).toEqual(['b', 'a', 'c', 'd']);
  });
});
