import { assetSchema } from '@cloudtuner/kubecost-client';
import { liveAsset } from './live-assets';

const startMs = Date.parse('2026-03-10T00:00:00Z');
const window = { startMs, endMs: startMs + 2 * 3_600_000 };
const times = { start: '2026-03-10T00:00:00Z', end: '2026-03-10T01:30:00Z', minutes: 90 };
const asset = (fields: object) => liveAsset(assetSchema.parse({ ...times, ...fields }), window);

const nothing = {
  cpu_core_hours: null,
  ram_byte_hours: null,
  gpu_hours: null,
  storage_byte_hours: null,
  network_bytes: null,
  load_balancer_hours: null,
  management_hours: null,
};

describe('an asset of Kubecost', () => {
  it('is a node with its quantities, its discount taken off, and what its total has beyond its parts with its CPU', () => {
    // 1.2 and 0.4 less a quarter are 0.9 and 0.3; the total has 0.05 more, an adjustment.
    const [node] = asset({
      ...{ type: 'Node', nodeType: 'm5.large', preemptible: 1, discount: 0.25, cpuCost: 1.2, ramCost: 0.4, gpuCost: 0 },
      ...{ totalCost: 1.25, cpuCoreHours: 3, ramByteHours: 12_884_901_888, GPUHours: 0 },
      properties: { name: 'node-a', providerID: 'i-0a', provider: 'AWS', category: 'Compute' },
    });
    expect(node).toEqual({
      ...{ assetType: 'node', name: 'node-a', providerId: 'i-0a' },
      properties: { instance_type: 'm5.large', provider: 'AWS', spot: 'true' },
      ...{ startMs, endMs: startMs + 5_400_000, coveredSeconds: 5_400 },
      quantities: { ...nothing, cpu_core_hours: 3, ram_byte_hours: 12_884_901_888, gpu_hours: 0 },
      costs: {
        total: 1_250_000_000n,
        components: {
          ...{ cpu_cost: 950_000_000n, ram_cost: 300_000_000n, gpu_cost: 0n },
          ...{ pv_cost: null, network_cost: null, load_balancer_cost: null, management_cost: null },
        },
      },
    });
  });

  it.each([
    { type: 'Disk', is: 'disk', fields: { byteHours: 5 }, quantities: { storage_byte_hours: 5 }, in: 'pv_cost' },
    {
      type: 'LoadBalancer',
      is: 'load_balancer',
      fields: {},
      quantities: { load_balancer_hours: 1.5 },
      in: 'load_balancer_cost',
    },
    {
      type: 'ClusterManagement',
      is: 'management',
      fields: {},
      quantities: { management_hours: 1.5 },
      in: 'management_cost',
    },
    { type: 'Network', is: 'network', fields: {}, quantities: {}, in: 'network_cost' },
  ] as const)('is a $type with its cost in $in, and hours where they are its quantity', (expected) => {
    const { type, fields } = expected;
    const [found] = asset({ type, totalCost: 0.25, properties: { name: 'a' }, ...fields });
    const quantities = { ...nothing, ...expected.quantities };
    expect(found).toMatchObject({ assetType: expected.is, quantities, providerId: '' });
    expect(found?.costs.components).toMatchObject({ [expected.in]: 250_000_000n });
    expect(found?.costs.total).toBe(250_000_000n);
  });

  it('of which nothing is said costs what is not known, and is not called spot', () => {
    const [disk] = asset({ type: 'Disk', minutes: null, properties: { name: 'a' } });
    expect(disk).toMatchObject({ costs: { total: null }, quantities: nothing, properties: {}, coveredSeconds: 5_400 });
  });

  it('that is the bill of its cloud is none of the cluster', () => {
    expect(asset({ type: 'Cloud', totalCost: 7 })).toEqual([]);
  });

  it('is a node of which what is not said is null, and nothing of it is 0', () => {
    const costs = (fields: object) => asset({ type: 'Node', ...fields })[0]?.costs;
    const unsaid = { cpu_cost: null, ram_cost: null, gpu_cost: null };
    expect(costs({})).toMatchObject({ total: null, components: unsaid });
    // 1.25 that nobody has divided.
    expect(costs({ totalCost: 1.25 })).toMatchObject({ total: 1_250_000_000n, components: unsaid });
    expect(costs({ totalCost: 1.25, ramCost: 0.4 })).toMatchObject({
      ...{ total: 1_250_000_000n, components: { ...unsaid, ram_cost: 400_000_000n } },
    });
  });
});
