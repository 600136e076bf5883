import { allocationSchema, type KubecostAllocation } from '@cloudtuner/kubecost-client';
import { createIntern, toExportedRow } from './to-exported-row';

const properties = {
  cluster: 'c',
  namespace: 'shop',
  pod: 'web-1',
  container: 'web',
  node: 'n',
  labels: { team: 'a', app: 'b' },
};
const allocation = (fields: object): KubecostAllocation =>
  allocationSchema.parse({
    name: 'c/n/shop/web-1/web',
    properties,
    minutes: 60,
    end: '2026-01-05T13:00:00Z',
    ...fields,
  });

describe('toExportedRow', () => {
  it('adds the adjustment from the bill to each cost and leaves out what is 0 or unknown', () => {
    const row = toExportedRow(
      allocation({ cpuCost: 2, cpuCostAdjustment: -0.5, ramCost: 0, gpuCost: null }),
      [],
      createIntern(),
    );
    expect(row?.costs).toEqual({ cpu: 1.5 });
  });

  it('puts what the total has beyond the known parts into `other`, unless it is rounding', () => {
    expect(toExportedRow(allocation({ cpuCost: 1, totalCost: 1.25 }), [], createIntern())?.costs).toEqual({
      cpu: 1,
      other: 0.25,
    });
    expect(toExportedRow(allocation({ cpuCost: 1, totalCost: 1.00004 }), [], createIntern())?.costs).toEqual({
      cpu: 1,
    });
  });

  it('carries the labels that were asked for', () => {
    expect(toExportedRow(allocation({}), ['team', 'none'], createIntern())?.podLabels).toEqual({ team: 'a' });
  });

  it('leaves out idle, which is of no container', () => {
    expect(toExportedRow(allocation({ name: 'c/n/__idle__' }), [], createIntern())).toBeUndefined();
  });

  it('has no end when none is told', () => {
    expect(toExportedRow(allocation({ end: null }), [], createIntern())?.endMs).toBeNull();
  });
});
