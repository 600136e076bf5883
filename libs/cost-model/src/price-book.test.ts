import { priceAssets, type PricedAssets } from './assets';
import type { AssetFact } from './asset-fact';
import { allocateHour } from './facts/hour-allocator';
import { priceBookChange, priceBookSchema, type PriceBook } from './price-book';
import type { Series } from './series';
import { gib, hour, nodeSeries, podSeries, rowOf, startMs, steady } from './testing/hour-series';

const startSeconds = startMs / 1000;
const book = (...periods: Record<string, unknown>[]): PriceBook =>
  priceBookSchema.parse({ periods: periods.map((period) => ({ effective_from: 0, ...period })) });
const nodeBook = (...nodes: Record<string, unknown>[]): PriceBook => book({ nodes });

/** A node of 4 cores at .03 and 16 GiB at .004. */
const node = nodeSeries('n1');
const price = (prices: PriceBook, series: readonly Series[] = node): PricedAssets =>
  priceAssets({ window: hour, series, prices });
function asset({ assets }: PricedAssets, key = 'n1'): AssetFact {
  const fact = assets.find(({ asset_key }) => asset_key === key);
  if (fact === undefined) throw new Error(`there is no asset ${key}`);
  return fact;
}
const withoutPrices = node.filter(({ labels }) => labels['__name__']?.startsWith('kube_') === true);

describe('a price book', () => {
  it('sets the price of a core-hour: 4 × .02 = .08, and leaves memory at 16 × .004 = .064', () => {
    const fact = asset(price(nodeBook({ cpu_core_hour_price: 0.02 })));
    expect([fact.cpu_cost, fact.ram_cost, fact.total_cost]).toEqual(['0.080000000', '0.064000000', '0.144000000']);
    expect(fact.cpu_core_hour_price).toBe(0.02);
    expect(fact.properties['price_source']).toBe('price_book');
  });

  it('with nothing for a node changes nothing of it', () => {
    const plain = priceAssets({ window: hour, series: node });
    expect(price(nodeBook({ match: { node: 'n2' }, cpu_core_hour_price: 1 }))).toEqual(plain);
    expect(price(book({}))).toEqual(plain);
  });

  it('takes a discount off the exporter’s price, exactly: .03 less 90 % is .003, 4 of it are .012', () => {
    const fact = asset(price(nodeBook({ cpu_discount: 0.9, ram_discount: 1 })));
    expect([fact.cpu_core_hour_price, fact.cpu_cost, fact.ram_cost]).toEqual([0.003, '0.012000000', '0.000000000']);
  });

  it('holds from its day on: half an hour at .03, half an hour at .01 are 4 × (.015 + .005) = .08', () => {
    const fact = asset(
      price(book({ nodes: [] }, { effective_from: startSeconds + 1800, nodes: [{ cpu_core_hour_price: 0.01 }] })),
    );
    expect(fact.cpu_cost).toBe('0.080000000');
  });

  it('that is taken back takes back what was measured, and nothing of what was observed', () => {
    const from = (effective_from: number): PriceBook =>
      book({ effective_from, nodes: [{ cpu_core_hour_price: 0.02, ram_gib_hour_price: 0.002 }] });
    const measured = ({ measuredSeconds, observedSeconds }: PricedAssets): number[] => [
      measuredSeconds,
      observedSeconds,
    ];
    expect(measured(price(from(0), withoutPrices))).toEqual([3600, 3600]);
    expect(measured(price(from(startSeconds + 2700), withoutPrices))).toEqual([900, 3600]);
    expect(measured(price(from(startSeconds + 3600), withoutPrices))).toEqual([0, 3600]);
  });

  it('ends where the next period begins, even if that says nothing', () => {
    const fact = asset(price(book({ nodes: [{ cpu_core_hour_price: 0.01 }] }, { effective_from: startSeconds + 900 })));
    // 4 × (.0025 + .0225)
    expect(fact.cpu_cost).toBe('0.100000000');
  });

  it('takes the first rule that matches, for each price of its own', () => {
    const prices = nodeBook(
      { match: { instance_type: 'm5' }, cpu_core_hour_price: 9 },
      { match: { node: 'n1' }, cpu_core_hour_price: 0.05 },
      { cpu_core_hour_price: 7, ram_gib_hour_price: 0.01 },
    );
    const fact = asset(price(prices));
    // 4 × .05 and 16 × .01
    expect([fact.cpu_cost, fact.ram_cost]).toEqual(['0.200000000', '0.160000000']);
  });

  it.each<[string, Record<string, unknown>]>([
    ['instance type', { instance_type: 'm5.xlarge' }],
    ['region', { region: 'eu-west-1' }],
    ['architecture', { arch: 'arm64' }],
    ['provider id', { provider_id: 'aws:///i-1' }],
    ['being a spot node', { spot: true }],
    ['a label of the node', { label: { key: 'pool', value: 'batch' } }],
    ['all of them', { instance_type: 'm5.xlarge', spot: true, label: { key: 'pool', value: 'batch' } }],
  ])('matches nodes by %s, and no others', (_what, match) => {
    const traits = { instance_type: 'm5.xlarge', region: 'eu-west-1', arch: 'arm64', provider_id: 'aws:///i-1' };
    const described = (name: string, labels: Record<string, string>, spot: number, pool: string): Series[] => [
      steady({ __name__: 'node_cpu_hourly_cost', node: name, ...labels }, 0.03),
      steady({ __name__: 'kube_node_status_capacity', node: name, resource: 'cpu' }, 1),
      steady({ __name__: 'kubecost_node_is_spot', node: name }, spot),
      steady({ __name__: 'kube_node_labels', node: name, label_pool: pool }, 1),
    ];
    const series = [...described('n1', traits, 1, 'batch'), ...described('n2', { arch: 'amd64' }, 0, 'web')];
    const priced = price(nodeBook({ match, cpu_core_hour_price: 0.5 }), series);
    expect([asset(priced).cpu_cost, asset(priced, 'n2').cpu_cost]).toEqual(['0.500000000', '0.030000000']);
  });

  it('prices machines that the exporter has no price for, and only them', () => {
    const prices = nodeBook({ applies: 'when_unpriced', cpu_core_hour_price: 0.1, ram_gib_hour_price: 0.01 });
    const own = asset(price(prices, withoutPrices));
    // 4 × .1 + 16 × .01
    expect([own.total_cost, own.properties['price_source']]).toEqual(['0.560000000', 'price_book']);
    expect(price(prices, withoutPrices).flags).not.toContain('node-unpriced');
    expect(asset(price(prices)).total_cost).toBe('0.184000000');
  });

  it('prices volumes by class or name, load balancers, management and traffic', () => {
    const series = [
      steady({ __name__: 'pv_hourly_cost', volumename: 'v1', persistentvolume: 'v1' }, 0.0001),
      steady({ __name__: 'kube_persistentvolume_capacity_bytes', persistentvolume: 'v1' }, 10 * gib),
      steady({ __name__: 'kube_persistentvolume_capacity_bytes', persistentvolume: 'v2' }, 10 * gib),
      steady({ __name__: 'kubecost_pv_info', persistentvolume: 'v2', storageclass: 'fast' }, 1),
      steady({ __name__: 'kubecost_load_balancer_cost', namespace: 'a', service_name: 's', ingress_ip: 'i' }, 0.025),
      steady({ __name__: 'kubecost_cluster_management_cost', provisioner_name: 'EKS' }, 0.1),
      steady({ __name__: 'kubecost_network_internet_egress_cost' }, 0.12),
      steady(
        { __name__: 'kubecost_pod_network_egress_bytes_total', namespace: 'a', pod_name: 'p', internet: 'true' },
        (minute) => (minute + 5) * (gib / 60),
      ),
    ];
    const priced = price(
      book({
        storage: [
          { match: { storage_class: 'fast' }, applies: 'when_unpriced', gib_hour_price: 0.0003 },
          { match: { volume: 'v1' }, gib_hour_price: 0.0002 },
        ],
        network_internet_gib_price: 0.05,
        load_balancer_hour_price: 0.03,
        management_hour_price: 0,
      }),
      series,
    );
    expect(['v1', 'v2', 'a/s/i', 'EKS', 'internet'].map((key) => [key, asset(priced, key).total_cost])).toEqual([
      ['v1', '0.002000000'],
      ['v2', '0.003000000'],
      ['a/s/i', '0.030000000'],
      ['EKS', '0.000000000'],
      ['internet', '0.050000000'],
    ]);
  });

  it('is what pods pay too: 1 core at .02 and 2 GiB at .004 are .028, idle the rest of .144', () => {
    const hourOfPod = allocateHour({
      window: hour,
      series: [...node, ...podSeries('web')],
      prices: nodeBook({ cpu_core_hour_price: 0.02 }),
    });
    expect(rowOf(hourOfPod, { pod: 'web' }).total_cost).toBe('0.028000000');
    expect(rowOf(hourOfPod, { kind: 'idle' }).total_cost).toBe('0.116000000');
  });

  it.each<[string, unknown]>([
    ['a price below zero', { periods: [{ effective_from: 0, nodes: [{ cpu_core_hour_price: -1 }] }] }],
    ['a price of a month in the field of an hour', { periods: [{ effective_from: 0, management_hour_price: 2e6 }] }],
    ['a discount of more than all', { periods: [{ effective_from: 0, nodes: [{ cpu_discount: 1.1 }] }] }],
    ['a price and a discount', { periods: [{ effective_from: 0, nodes: [{ gpu_hour_price: 1, gpu_discount: 0.1 }] }] }],
    ['a name that there is not', { periods: [{ effective_from: 0, cpu_month_price: 1 }] }],
    ['periods out of order', { periods: [{ effective_from: 3600 }, { effective_from: 0 }] }],
    ['two periods from one moment on', { periods: [{ effective_from: 0 }, { effective_from: 0 }] }],
    ['a date as text', { periods: [{ effective_from: '2026-01-01' }] }],
  ])('does not take %s', (_what, text) => {
    expect(priceBookSchema.safeParse(text).success).toBe(false);
  });
});

describe('where two price books differ', () => {
  const period = (effective_from: number, price = 1): Record<string, unknown> => ({
    effective_from,
    nodes: [{ cpu_core_hour_price: price }],
  });
  it.each<[string, PriceBook | null, PriceBook | null, number | null]>([
    ['never, when they are the same', book(period(5)), book(period(5)), null],
    ['never, when both say nothing', null, book(), null],
    ['from the first period on, where there was none', null, book(period(5)), 5],
    ['from a period on that has another price', book(period(5), period(9)), book(period(5), period(9, 2)), 9],
    ['from the earlier moment on, when a period moves', book(period(5), period(9)), book(period(5), period(7)), 7],
    ['from a period on that is gone', book(period(5), period(9)), book(period(5)), 9],
  ])('is %s', (_what, before, after, from) => {
    expect(priceBookChange(before, after)).toBe(from);
  });
});
