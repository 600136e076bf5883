import { allocationSchema } from './allocation-schema';
import { containerCosts, toKubecostRows } from './container-costs';

const rowOf = (fields: object) =>
  allocationSchema.parse({
    name: 'c/n/ns/pod/main',
    properties: { cluster: 'c', node: 'n', namespace: 'ns', pod: 'pod', container: 'main' },
    minutes: 60,
    cpuCoreHours: 0.5,
    ...fields,
  });

describe('what a row of Kubecost cost', () => {
  it('includes adjustments, and names what its total has beyond the parts', () => {
    // 0.3 − 0.1 of CPU, 0.25 of memory, and a total that has 0.05 more.
    const costs = containerCosts(rowOf({ cpuCost: 0.3, cpuCostAdjustment: -0.1, ramCost: 0.25, totalCost: 0.5 }));
    expect(costs.cpu).toBeCloseTo(0.2, 9);
    expect(costs).toMatchObject({ ram: 0.25 });
    expect(costs.other).toBeCloseTo(0.05, 9);
    expect(Object.keys(costs)).toEqual(['cpu', 'ram', 'other']);
  });

  it('has no part for what the rounding of both products leaves', () => {
    expect(containerCosts(rowOf({ cpuCost: 0.33333, totalCost: 0.33334 }))).toEqual({ cpu: 0.33333 });
  });

  it('is one row a container, in nanos; idle is none', () => {
    const idle = rowOf({ name: 'c/n/__idle__', cpuCost: 9 });
    const rows = toKubecostRows([rowOf({ cpuCost: 0.1 }), rowOf({ cpuCost: 0.2, minutes: 1 }), idle]);
    expect(rows).toEqual([
      {
        ...{ clusterId: 'c', namespace: 'ns', pod: 'pod', container: 'main', node: 'n', minutes: 61 },
        costs: { cpu: 300_000_000n },
        quantities: { cpuCoreHours: 1 },
      },
    ]);
  });
});
