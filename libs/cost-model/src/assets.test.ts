import { assetFactSchema, type AssetFact } from './asset-fact';
import { priceAssets, type PricedAssets } from './assets';
import type { AssetSeries, Series } from './series';

const startMs = Date.parse('2024-10-16T10:00:00Z');
const minute = 60_000;
const hour = { startMs, endMs: startMs + 60 * minute };
const gib = 2 ** 30;

type Labels = Readonly<Record<string, string>>;

/** A series sampled each minute from one minute of the hour to another, both included. */
function steady(labels: Labels, value: number | ((minuteOfHour: number) => number), from = -5, to = 65): Series {
  const minutes = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  return {
    labels,
    timestampsMs: minutes.map((at) => startMs + at * minute),
    values: minutes.map((at) => (typeof value === 'number' ? value : value(at))),
  };
}

/** The same series without the samples strictly between two minutes. */
function withGap(series: Series, fromMinute: number, toMinute: number): Series {
  const keep = series.timestampsMs.map(
    (ms) => ms <= startMs + fromMinute * minute || ms >= startMs + toMinute * minute,
  );
  return {
    labels: series.labels,
    timestampsMs: series.timestampsMs.filter((_, index) => keep[index]),
    values: series.values.filter((_, index) => keep[index]),
  };
}

const cpuPrice = (node: string): Labels => ({
  __name__: 'node_cpu_hourly_cost',
  node,
  instance: node,
  instance_type: 'm5.xlarge',
  region: 'eu-west-1',
  provider_id: `aws:///${node}`,
});
const ramPrice = (node: string): Labels => ({ ...cpuPrice(node), __name__: 'node_ram_hourly_cost' });
const gpuPrice = (node: string): Labels => ({ ...cpuPrice(node), __name__: 'node_gpu_hourly_cost' });
const gpuCount = (node: string): Labels => ({ ...cpuPrice(node), __name__: 'node_gpu_count' });
const isSpot = (node: string): Labels => ({ ...cpuPrice(node), __name__: 'kubecost_node_is_spot' });
const cores = (node: string): Labels => ({
  __name__: 'kube_node_status_capacity',
  node,
  resource: 'cpu',
  unit: 'core',
});
const memory = (node: string): Labels => ({
  __name__: 'kube_node_status_capacity',
  node,
  resource: 'memory',
  unit: 'byte',
});

/** 4 cores at .03 and 16 GiB at .004: .12 + .064 = .184 an hour. */
function node(name: string, from?: number, to?: number): Series[] {
  return [
    steady(cores(name), 4, from, to),
    steady(memory(name), 16 * gib, from, to),
    steady(cpuPrice(name), 0.03, from, to),
    steady(ramPrice(name), 0.004, from, to),
  ];
}

const price = (series: AssetSeries, window = hour): PricedAssets => priceAssets({ window, series });

function onlyAsset(priced: PricedAssets, type = 'node'): AssetFact {
  const found = priced.assets.filter(({ asset_type }) => asset_type === type);
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`expected one ${type}, found ${String(found.length)}`);
  return first;
}

describe('a node', () => {
  it('steadily sampled costs exactly its price for 3600 s in a closed hour', () => {
    const priced = price(node('n1'));

    expect(onlyAsset(priced)).toEqual({
      asset_type: 'node',
      asset_key: 'n1',
      provider_id: 'aws:///n1',
      properties: { instance_type: 'm5.xlarge', node: 'n1', region: 'eu-west-1' },
      covered_seconds: 3600,
      cpu_core_hours: 4,
      ram_byte_hours: 17_179_869_184, // 16 × 2^30
      gpu_hours: null,
      storage_byte_hours: null,
      network_bytes: null,
      load_balancer_hours: null,
      management_hours: null,
      cpu_core_hour_price: 0.03,
      ram_gib_hour_price: 0.004,
      gpu_hour_price: null,
      storage_gib_hour_price: null,
      network_gib_price: null,
      load_balancer_hour_price: null,
      management_hour_price: null,
      cpu_cost: '0.120000000', // 4 × .03
      ram_cost: '0.064000000', // 16 × .004
      gpu_cost: null,
      pv_cost: null,
      network_cost: null,
      load_balancer_cost: null,
      management_cost: null,
      total_cost: '0.184000000',
    });
    expect(priced).toMatchObject({
      measuredSeconds: 3600,
      expectedSeconds: 3600,
      lastSampleMs: hour.endMs,
      flags: ['network-not-measured'],
    });
  });

  it('over the day of the worked example costs 2.88 for cores and 1.536 for memory, 4.416 in all', () => {
    const day = { startMs, endMs: startMs + 24 * 60 * minute };
    // 4 × 24 × .03 = 2.88; 16 × 24 × .004 = 1.536
    expect(onlyAsset(price(node('n1', -5, 24 * 60 + 5), day))).toMatchObject({
      cpu_cost: '2.880000000',
      ram_cost: '1.536000000',
      total_cost: '4.416000000',
    });
  });

  it('whose scrapes are not on the minute is whole at both edges', () => {
    const shifted = node('n1').map((series) => ({
      ...series,
      timestampsMs: series.timestampsMs.map((ms) => ms + 17_321),
    }));
    expect(onlyAsset(price(shifted))).toMatchObject({ covered_seconds: 3600, total_cost: '0.184000000' });
  });

  it('pays each price from the moment it changes: .03 to minute 15, then .06', () => {
    const series = [...node('n1').slice(0, 2), steady(cpuPrice('n1'), (at) => (at < 15 ? 0.03 : 0.06))];
    // 4 × (.03 × 15/60 + .06 × 45/60) = 4 × .0525 = .21; mean price .0525
    expect(onlyAsset(price(series))).toMatchObject({ cpu_cost: '0.210000000', cpu_core_hour_price: 0.0525 });
  });

  it('that appears at :20 pays 40 minutes, and the hour is covered for 2400 s', () => {
    const priced = price(node('n1', 20));
    // .12 × 2/3 = .08; .064 × 2/3 = .042666666…, rounded once
    expect(onlyAsset(priced)).toMatchObject({
      covered_seconds: 2400,
      cpu_core_hours: 2.666666667,
      cpu_cost: '0.080000000',
      ram_cost: '0.042666667',
      total_cost: '0.122666667',
    });
    expect(priced).toMatchObject({ measuredSeconds: 2400, flags: ['coverage-gap', 'network-not-measured'] });
  });

  it('is not charged in a gap of 20 minutes', () => {
    const priced = price(node('n1').map((series) => withGap(series, 20, 40)));
    // 40 minutes of .184
    expect(onlyAsset(priced)).toMatchObject({ covered_seconds: 2400, total_cost: '0.122666667' });
    expect(priced).toMatchObject({ measuredSeconds: 2400, flags: ['coverage-gap', 'network-not-measured'] });
  });

  it('is charged across a gap of 5 minutes, and not across one of 5 minutes and a millisecond', () => {
    const bridged = node('n1').map((series) => withGap(series, 20, 25));
    expect(onlyAsset(price(bridged)).total_cost).toBe('0.184000000');

    const torn = bridged.map((series) => ({
      ...series,
      timestampsMs: series.timestampsMs.map((ms) => (ms >= startMs + 25 * minute ? ms + 1 : ms)),
    }));
    // 3600 s − 300.001 s = 3299.999 s
    expect(price(torn)).toMatchObject({ measuredSeconds: 3300 });
    expect(onlyAsset(price(torn)).cpu_cost).toBe('0.109999967'); // .12 × 3299.999 / 3600
  });

  it('in a running hour is charged to its last sample and no further', () => {
    const priced = price(node('n1', -5, 12));
    // .184 × 12/60
    expect(onlyAsset(priced)).toMatchObject({ covered_seconds: 720, total_cost: '0.036800000' });
    expect(priced.lastSampleMs).toBe(startMs + 12 * minute);
  });

  it('is read from the capacity names of kube-state-metrics v1 as well', () => {
    const [, , ...prices] = node('n1');
    const v1 = [
      steady({ __name__: 'kube_node_status_capacity_cpu_cores', node: 'n1' }, 4),
      steady({ __name__: 'kube_node_status_capacity_memory_bytes', node: 'n1' }, 16 * gib),
    ];
    expect(onlyAsset(price([...v1, ...prices])).total_cost).toBe('0.184000000');
    // Both versions side by side, as OpenCost's copies beside a real kube-state-metrics, are one node.
    expect(price([...v1, ...node('n1')])).toEqual(price(node('n1')));
  });

  it('counts once when two exporters report it at different seconds, and the double is flagged', () => {
    const copies = node('n1').map((series) => ({
      labels: { ...series.labels, job: 'second-exporter' },
      timestampsMs: series.timestampsMs.map((ms) => ms + 30_000),
      values: series.values,
    }));
    const priced = price([...node('n1'), ...copies]);
    expect(onlyAsset(priced)).toMatchObject({ covered_seconds: 3600, total_cost: '0.184000000' });
    expect(priced.flags).toEqual(['duplicate-series', 'network-not-measured']);
  });

  it('pays the greater price where two exporters disagree at one moment, whatever their order', () => {
    const capacity = node('n1').slice(0, 2);
    const cheap = steady({ ...cpuPrice('n1'), job: 'a' }, 0.03);
    const dear = steady({ ...cpuPrice('n1'), job: 'b' }, 0.05);
    for (const prices of [
      [cheap, dear],
      [dear, cheap],
    ]) {
      expect(onlyAsset(price([...capacity, ...prices])).cpu_cost).toBe('0.200000000'); // 4 × .05
    }
  });

  it('counts once when the pod of its exporter is replaced in mid-hour, without a flag', () => {
    const before = node('n1', -5, 29).map((one) => ({ ...one, labels: { ...one.labels, pod: 'opencost-a' } }));
    const after = node('n1', 30, 65).map((one) => ({ ...one, labels: { ...one.labels, pod: 'opencost-b' } }));
    const priced = price([...after, ...before]);
    expect(onlyAsset(priced).total_cost).toBe('0.184000000');
    expect(priced.flags).toEqual(['network-not-measured']);
  });

  it('replaced by one of the same name is described by the later of the two', () => {
    const later = { ...cpuPrice('n1'), provider_id: 'aws:///i-new', instance_type: 'm6.xlarge' };
    const series = [
      steady(cores('n1'), 4),
      steady({ ...cpuPrice('n1'), instance: 'x' }, 0.03, -5, 29),
      steady(later, 0.05, 30),
    ];
    // 4 × (.03 × 30/60 + .05 × 30/60) = .16
    expect(onlyAsset(price(series))).toMatchObject({
      provider_id: 'aws:///i-new',
      properties: { instance_type: 'm6.xlarge' },
      cpu_cost: '0.160000000',
    });
  });

  it('with 2 GPUs at .95 pays 1.9 for them, and without any pays nothing whatever their price', () => {
    const two = price([...node('n1'), steady(gpuCount('n1'), 2), steady(gpuPrice('n1'), 0.95)]);
    expect(onlyAsset(two)).toMatchObject({
      gpu_hours: 2,
      gpu_hour_price: 0.95,
      gpu_cost: '1.900000000',
      total_cost: '2.084000000',
    });
    const none = price([...node('n1'), steady(gpuCount('n1'), 0), steady(gpuPrice('n1'), 0)]);
    expect(onlyAsset(none)).toMatchObject({ gpu_hours: 0, gpu_cost: '0.000000000', total_cost: '0.184000000' });
    expect(none.flags).not.toContain('zero-price');
  });

  it('says whether it is a spot node only when that is known', () => {
    const properties = (series: Series[]): Record<string, string> => onlyAsset(price(series)).properties;
    expect(properties([...node('n1'), steady(isSpot('n1'), 1)])).toMatchObject({ spot: 'true' });
    expect(properties([...node('n1'), steady(isSpot('n1'), 0)])).toMatchObject({ spot: 'false' });
    expect(properties(node('n1'))).not.toHaveProperty('spot');
  });

  it('without a price has quantities, unknown costs and a flag', () => {
    const priced = price(node('n1').slice(0, 2));
    expect(onlyAsset(priced)).toMatchObject({
      covered_seconds: 3600,
      cpu_core_hours: 4,
      cpu_core_hour_price: null,
      cpu_cost: null,
      ram_cost: null,
      total_cost: '0.000000000',
    });
    expect(priced.flags).toEqual(['network-not-measured', 'node-unpriced']);
  });

  it('with prices that are NaN, infinite or negative is as one without a price', () => {
    for (const impossible of [Number.NaN, Number.POSITIVE_INFINITY, -0.03]) {
      const priced = price([...node('n1').slice(0, 2), steady(cpuPrice('n1'), impossible)]);
      expect(onlyAsset(priced)).toMatchObject({ cpu_core_hours: 4, cpu_cost: null });
      expect(priced.flags).toEqual(['invalid-sample', 'network-not-measured', 'node-unpriced']);
    }
  });

  it('with one price sample that is NaN keeps the price before it', () => {
    const series = [...node('n1').slice(0, 2), steady(cpuPrice('n1'), (at) => (at === 30 ? Number.NaN : 0.03))];
    expect(onlyAsset(price(series)).cpu_cost).toBe('0.120000000');
  });

  it('at a price of zero costs zero, which is flagged', () => {
    const priced = price([...node('n1').slice(0, 2), steady(cpuPrice('n1'), 0), steady(ramPrice('n1'), 0.004)]);
    expect(onlyAsset(priced)).toMatchObject({ cpu_cost: '0.000000000', total_cost: '0.064000000' });
    expect(priced.flags).toEqual(['network-not-measured', 'zero-price']);
  });

  it('priced for 20 minutes only is charged and covered for 20 minutes', () => {
    const [cpu, ram] = node('n1');
    const priced = price([...(cpu && ram ? [cpu, ram] : []), steady(cpuPrice('n1'), 0.03, -5, 20)]);
    expect(onlyAsset(priced)).toMatchObject({ covered_seconds: 1200, cpu_cost: '0.040000000' }); // .12 × 20/60
    // Its cores were seen all the hour.
    expect([priced.measuredSeconds, priced.observedSeconds]).toEqual([1200, 3600]);
  });

  it('of unknown capacity has unknown costs and a flag', () => {
    const priced = price(node('n1').slice(2));
    expect(onlyAsset(priced)).toMatchObject({ cpu_core_hours: null, cpu_cost: null, cpu_core_hour_price: null });
    expect(priced.flags).toEqual(['network-not-measured', 'node-capacity-unknown']);
  });

  it('with a fault in its price far above anything real has an unknown cost, not one the store cannot hold', () => {
    const priced = price([steady(cores('n1'), 1e12), steady(cpuPrice('n1'), 1e6)]);
    expect(onlyAsset(priced)).toMatchObject({ cpu_cost: null, total_cost: '0.000000000' });
    expect(priced.flags).toContain('cost-out-of-range');
  });

  it('is named by the exported labels when the scrape did not honor the exporter’s own', () => {
    const renamed = node('n1').map(({ labels, ...samples }) => ({
      ...samples,
      labels: { ...labels, node: 'host-of-the-exporter', exported_node: 'n1' },
    }));
    expect(onlyAsset(price(renamed)).asset_key).toBe('n1');
  });
});

describe('several nodes', () => {
  it('are measured as long as one of them is seen, each charged for its own time', () => {
    // n1 for 30 minutes, n2 for the 30 after: .184 × 30/60 each
    const priced = price([...node('n2', 30), ...node('n1', -5, 30)]);
    expect(priced.assets.map(({ asset_key, total_cost }) => [asset_key, total_cost])).toEqual([
      ['n1', '0.092000000'],
      ['n2', '0.092000000'],
    ]);
    expect(priced).toMatchObject({ measuredSeconds: 3600, flags: ['network-not-measured'] });
  });

  it('of two clusters in one account are flagged', () => {
    const series = [...node('n1'), ...node('n2')].map((one, index) => ({
      ...one,
      labels: { ...one.labels, cluster_id: index < 4 ? 'a' : 'b' },
    }));
    expect(price(series).flags).toEqual(['multiple-cluster-ids', 'network-not-measured']);
  });
});

describe('a volume', () => {
  const capacity = steady({ __name__: 'kube_persistentvolume_capacity_bytes', persistentvolume: 'pv-1' }, 10 * gib);
  const rate = steady({ __name__: 'pv_hourly_cost', volumename: 'pv-1', provider_id: 'vol-1' }, 0.0001);
  const info = steady({ __name__: 'kubecost_pv_info', persistentvolume: 'pv-1', storageclass: 'gp3' }, 1);

  it('of 10 GiB at .0001 costs .001 an hour, and .024 a day', () => {
    expect(onlyAsset(price([info, rate, capacity]), 'disk')).toMatchObject({
      asset_key: 'pv-1',
      provider_id: 'vol-1',
      properties: { storage_class: 'gp3' },
      storage_byte_hours: 10 * gib,
      storage_gib_hour_price: 0.0001,
      pv_cost: '0.001000000',
      total_cost: '0.001000000',
    });
  });

  it('without a price has an unknown cost and a flag; without a capacity too', () => {
    const unpriced = price([capacity]);
    expect(onlyAsset(unpriced, 'disk')).toMatchObject({ storage_byte_hours: 10 * gib, pv_cost: null });
    expect(unpriced.flags).toContain('disk-unpriced');
    const unsized = price([rate]);
    expect(onlyAsset(unsized, 'disk')).toMatchObject({ storage_byte_hours: null, pv_cost: null });
    expect(unsized.flags).toContain('disk-capacity-unknown');
  });
});

describe('hourly fees', () => {
  const balancer = {
    __name__: 'kubecost_load_balancer_cost',
    namespace: 'web',
    service_name: 'front',
    ingress_ip: '10.0.0.9',
  };

  it('a load balancer at .025 costs .025 an hour and .6 a day, once', () => {
    expect(onlyAsset(price([steady(balancer, 0.025)]), 'load_balancer')).toMatchObject({
      asset_key: 'web/front/10.0.0.9',
      properties: { ip: '10.0.0.9', namespace: 'web', service: 'front' },
      load_balancer_hours: 1,
      load_balancer_hour_price: 0.025,
      load_balancer_cost: '0.025000000',
    });
    const day = { startMs, endMs: startMs + 24 * 60 * minute };
    expect(onlyAsset(price([steady(balancer, 0.025, -5, 24 * 60 + 5)], day), 'load_balancer').total_cost).toBe(
      '0.600000000',
    );
  });

  it('a load balancer whose price is NaN is there, at an unknown cost', () => {
    const priced = price([steady(balancer, Number.NaN)]);
    expect(onlyAsset(priced, 'load_balancer')).toMatchObject({
      covered_seconds: 3600,
      load_balancer_hours: 1,
      load_balancer_cost: null,
    });
    expect(priced.flags).toContain('invalid-sample');
  });

  it('the management fee of .10 an hour that ends at :30 costs .05', () => {
    const fee = steady({ __name__: 'kubecost_cluster_management_cost', provisioner_name: 'EKS' }, 0.1, -5, 30);
    expect(onlyAsset(price([fee]), 'management')).toMatchObject({
      asset_key: 'EKS',
      management_hours: 0.5,
      management_cost: '0.050000000',
    });
  });
});

describe('egress', () => {
  const toInternet = { internet: 'true', same_region: 'false', same_zone: 'false' };
  const toRegion = { internet: 'false', same_region: 'false', same_zone: 'false' };
  const toZone = { internet: 'false', same_region: 'true', same_zone: 'false' };
  const inZone = { internet: 'false', same_region: 'true', same_zone: 'true' };
  const egress = (traffic: Labels, pod = 'p1'): Labels => ({
    __name__: 'kubecost_pod_network_egress_bytes_total',
    namespace: 'web',
    pod_name: pod,
    ...traffic,
  });
  const networkPrice = (kind: string, value: number): Series =>
    steady({ __name__: `kubecost_network_${kind}_egress_cost` }, value);
  const prices = [networkPrice('internet', 0.12), networkPrice('region', 0.02), networkPrice('zone', 0.01)];
  const network = (priced: PricedAssets, key: string): AssetFact | undefined =>
    priced.assets.find(({ asset_type, asset_key }) => asset_type === 'network' && asset_key === key);

  it('costs its GiB × the price of where it went; inside a zone it is free', () => {
    // 1/10 GiB a minute ⇒ 6 GiB an hour: internet .72, region .12, zone .06
    const counter = (at: number): number => Math.round(((at + 5) * gib) / 10);
    const series = [toInternet, toRegion, toZone, inZone].map((traffic) => steady(egress(traffic), counter));
    const priced = price([...series, ...prices]);
    expect(network(priced, 'internet')).toMatchObject({ network_bytes: 6 * gib, network_cost: '0.720000000' });
    expect(network(priced, 'region')?.network_cost).toBe('0.120000000');
    expect(network(priced, 'zone')).toMatchObject({ network_gib_price: 0.01, network_cost: '0.060000000' });
    expect(priced.assets).toHaveLength(3);
    expect(priced.flags).toEqual(['coverage-gap']);
  });

  it('adds up the pods', () => {
    const series = ['p1', 'p2', 'p3'].map((pod) => steady(egress(toInternet, pod), (at) => (at + 5) * gib));
    expect(network(price([...series, ...prices]), 'internet')?.network_bytes).toBe(180 * gib);
  });

  it('counts what came after a counter began again from zero', () => {
    // 1 GiB a minute; at :30 it restarts with ½ GiB: 30 − 1 whole minutes before, ½, then 30 after = 59.5 GiB
    const restarted = (at: number): number => (at < 30 ? at + 5 : at - 30 + 0.5) * gib;
    const priced = price([steady(egress(toInternet), restarted), ...prices]);
    expect(network(priced, 'internet')?.network_bytes).toBe(59.5 * gib);
    expect(priced.flags).toContain('counter-reset');
  });

  it('keeps what was sent during a gap of 20 minutes, flagged', () => {
    const counter = withGap(
      steady(egress(toInternet), (at) => (at + 5) * gib),
      20,
      40,
    );
    const priced = price([counter, ...prices]);
    expect(network(priced, 'internet')).toMatchObject({ network_bytes: 60 * gib, covered_seconds: 2400 });
    expect(priced.flags).toContain('network-gap-bridged');
  });

  it('is cut at the hour in proportion to time, in whole bytes', () => {
    // 100 bytes between 09:59:40 and 10:00:40: two thirds after the hour; 66.67 ⇒ 100 − ⌊33.33⌋ = 67
    const series = {
      labels: egress(toInternet),
      timestampsMs: [startMs - 20_000, startMs + 40_000],
      values: [1000, 1100],
    };
    const bytes = (window: typeof hour): number | null | undefined =>
      network(price([series, ...prices], window), 'internet')?.network_bytes;
    expect(bytes(hour)).toBe(67);
    expect(bytes({ startMs: startMs - 60 * minute, endMs: startMs })).toBe(33);
  });

  it('pays the price of its moment, and the last known price where the price list is not scraped', () => {
    const counter = steady(egress(toInternet), (at) => (at + 5) * gib);
    const changing = steady(
      { __name__: 'kubecost_network_internet_egress_cost' },
      (at) => (at < 15 ? 0.12 : 0.08),
      10,
      20,
    );
    // 15 GiB × .12 + 45 GiB × .08 = 1.8 + 3.6
    expect(network(price([counter, changing]), 'internet')).toMatchObject({
      network_cost: '5.400000000',
      network_gib_price: 0.09,
    });
  });

  it('counts once when two daemonsets or two Prometheus replicas report it', () => {
    const first = steady(egress(toInternet), (at) => (at + 5) * gib);
    const second = {
      labels: { ...first.labels, prometheus_replica: 'b' },
      timestampsMs: first.timestampsMs.map((ms) => ms + 13_000),
      values: first.values,
    };
    const priced = price([second, first, ...prices]);
    expect(network(priced, 'internet')?.network_bytes).toBe(60 * gib);
    expect(priced.flags).toContain('duplicate-series');
  });

  it('without a price has bytes, an unknown cost and a flag', () => {
    const priced = price([steady(egress(toInternet), (at) => (at + 5) * gib)]);
    expect(network(priced, 'internet')).toMatchObject({ network_bytes: 60 * gib, network_cost: null });
    expect(priced.flags).toContain('network-unpriced');
  });

  it('that nobody measures is unknown: no row and a flag, whatever the price list says', () => {
    const priced = price([...node('n1'), ...prices]);
    expect(priced.assets.map(({ asset_type }) => asset_type)).toEqual(['node']);
    expect(priced.flags).toEqual(['network-not-measured']);
  });
});

describe('an hour', () => {
  it('without any sample has no rows, no coverage and no last sample', () => {
    expect(price([])).toEqual({
      assets: [],
      measuredSeconds: 0,
      observedSeconds: 0,
      expectedSeconds: 3600,
      lastSampleMs: null,
      flags: ['coverage-gap', 'network-not-measured'],
    });
  });

  it('has no row for what was only seen in the minutes around it', () => {
    expect(price([...node('before', -5, -1), ...node('after', 61, 65)]).assets).toEqual([]);
  });

  it('gives rows that its schema accepts, sorted by type and key', () => {
    const priced = price([
      ...node('z'),
      ...node('a'),
      steady({ __name__: 'kubecost_cluster_management_cost', provisioner_name: 'GKE' }, 0.1),
      steady({ __name__: 'kube_persistentvolume_capacity_bytes', persistentvolume: 'pv' }, gib),
    ]);
    expect(priced.assets.map(({ asset_type, asset_key }) => `${asset_type} ${asset_key}`)).toEqual([
      'disk pv',
      'management GKE',
      'node a',
      'node z',
    ]);
    for (const fact of priced.assets) expect(assetFactSchema.parse(fact)).toEqual(fact);
  });
});
