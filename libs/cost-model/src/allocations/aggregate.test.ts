import { AppError } from '@cloudtuner/errors';
import type { AllocationFact } from '../allocation-fact';
import { allocationFilterFields } from '../filter/filter-fields';
import { parseFilter } from '../filter/parse-filter';
import { formatNanos, parseNanos } from '../money';
import { factOf, firstHourMs, hourAt, type FactHour } from '../testing/allocation-facts';
import { msPerHour } from '../window';
import { aggregateAllocations, totalCostOf, type AllocationSet } from './aggregate';
import { costRowsOf } from './cost-row';
import { ratesOf } from './efficiency';
import { parseAggregate } from './grouping';
import { defaultAllocationQuery, shareFilterOf, type AllocationQuery } from './query';
import { accumulateSets, parseStep, stepsOf } from './steps';

const gib = 2 ** 30;
const day = { startMs: firstHourMs, endMs: firstHourMs + 24 * msPerHour };

function ask(hours: readonly FactHour[], asked: Partial<AllocationQuery>, window = day, step = 'all'): AllocationSet[] {
  const query = { ...defaultAllocationQuery, ...asked };
  const rows = hours.flatMap((hour) => costRowsOf(hour, query));
  return aggregateAllocations({ query, steps: stepsOf(window, parseStep(step)), rows });
}

function one(sets: readonly AllocationSet[]): AllocationSet {
  const [set] = sets;
  if (set === undefined || sets.length !== 1) throw new Error('expected one set');
  return set;
}

/** `{ name: '1.5', … }`, without trailing zeros. */
const totals = (set: AllocationSet): Record<string, string> =>
  Object.fromEntries(set.rows.map(({ name, totalCost }) => [name, short(totalCost)]));

const short = (nanos: bigint): string => String(Number(formatNanos(nanos)));

const filter = (text: string) => parseFilter(text, allocationFilterFields);

/**
 * One node of 4 cores and 16 GiB at 0.03 and 0.004, all day: 0.12 + 0.064 an hour. Pod a/web runs all day at 1.25 cores and
 * 2 GiB: 0.0375 + 0.008 an hour. Pod b/job runs from 06:00 to 18:00 at 0.5 cores and 1 GiB: 0.015 + 0.004. The rest is idle.
 */
const worked: FactHour[] = Array.from({ length: 24 }, (_, hour) => {
  const jobRuns = hour >= 6 && hour < 18;
  const web = factOf({
    node: 'n1',
    namespace: 'a',
    pod: 'web',
    container: 'main',
    controller_kind: 'deployment',
    controller: 'web',
    cpu_core_hours: 1.25,
    cpu_core_request_hours: 1,
    cpu_core_usage_hours: 0.75,
    ram_byte_hours: 2 * gib,
    ram_byte_request_hours: 2 * gib,
    ram_byte_usage_hours: gib,
    cpu_cost: '0.0375',
    ram_cost: '0.008',
  });
  const job = factOf({
    node: 'n1',
    namespace: 'b',
    pod: 'job',
    container: 'main',
    controller_kind: 'job',
    controller: 'nightly',
    cpu_core_hours: 0.5,
    cpu_core_request_hours: 0.5,
    ram_byte_hours: gib,
    ram_byte_request_hours: gib,
    cpu_cost: '0.015',
    ram_cost: '0.004',
  });
  const idle = factOf({
    kind: 'idle',
    asset_type: 'node',
    asset_key: 'n1',
    node: 'n1',
    cpu_core_hours: jobRuns ? 2.25 : 2.75,
    cpu_cost: jobRuns ? '0.0675' : '0.0825',
    ram_cost: jobRuns ? '0.052' : '0.056',
  });
  return { cluster: 'one', hour: hourAt(hour), facts: jobRuns ? [web, job, idle] : [web, idle] };
});

const byNamespace = { grouping: parseAggregate('namespace') };

describe('the worked example', () => {
  it('costs 4.416 a day: web 1.092, job 0.228, idle 3.096', () => {
    expect(totals(one(ask(worked, byNamespace)))).toEqual({ a: '1.092', b: '0.228', __idle__: '3.096' });
  });

  it('shares idle by resource: cpu 1.80 as .90 to .18, ram 1.296 as .192 to .048', () => {
    const set = one(ask(worked, { ...byNamespace, idle: 'shared' }));
    // web: 1.092 + 1.80 × .90/1.08 + 1.296 × .192/.24 = 1.092 + 1.50 + 1.0368; job: .228 + .30 + .2592.
    expect(totals(set)).toEqual({ a: '3.6288', b: '0.7872' });
    const [web] = set.rows;
    expect(
      [web?.idleCosts.cpu_cost, web?.idleCosts.ram_cost, web?.costs.cpu_cost].map((cost) => short(cost ?? 0n)),
    ).toEqual(['1.5', '1.0368', '2.4']);
  });

  it('scales idle to the part of a filter: 1.50 + 1.0368 for namespace a', () => {
    const set = one(ask(worked, { ...byNamespace, filter: filter('namespace:"a"') }));
    expect(totals(set)).toEqual({ a: '1.092', __idle__: '2.5368' });
    const [idle] = set.rows;
    // 60 idle core-hours: 12 × 2.25 + 12 × 2.75; 1.50 of 1.80 is web's part.
    expect(idle?.quantities.cpu_core_hours).toBeCloseTo(50, 9);
  });

  it('leaves idle out when it is hidden', () => {
    expect(totals(one(ask(worked, { ...byNamespace, idle: 'hidden' })))).toEqual({ a: '1.092', b: '0.228' });
  });

  it('averages over the time from first start to last end', () => {
    const set = one(ask(worked, byNamespace));
    const [, web, job] = set.rows;
    if (web === undefined || job === undefined) throw new Error('rows are missing');
    expect(web.quantities.cpu_core_hours).toBe(30);
    expect(ratesOf(web)).toMatchObject({ minutes: 1440, cpuCores: 1.25, cpuCoreRequestAverage: 1, ramBytes: 2 * gib });
    expect(job).toMatchObject({ startMs: firstHourMs + 6 * msPerHour, endMs: firstHourMs + 18 * msPerHour });
    expect(ratesOf(job)).toMatchObject({
      minutes: 720,
      cpuCores: 0.5,
      cpuCoreRequestAverage: 0.5,
      cpuCoreUsageAverage: null,
    });
  });

  it('weighs efficiency by cost: cpu .75 at .90 and ram .5 at .192; unknown usage gives null', () => {
    const [, web, job] = one(ask(worked, byNamespace)).rows;
    if (web === undefined || job === undefined) throw new Error('rows are missing');
    const { cpuEfficiency, ramEfficiency, totalEfficiency, gpuEfficiency } = ratesOf(web);
    expect([cpuEfficiency, ramEfficiency, gpuEfficiency]).toEqual([0.75, 0.5, null]);
    // (.75 × .90 + .5 × .192) ÷ 1.092 = .771 ÷ 1.092.
    expect(totalEfficiency).toBeCloseTo(0.771 / 1.092, 12);
    expect(ratesOf(job)).toMatchObject({ cpuEfficiency: null, totalEfficiency: null });
  });

  it('compares usage with the requests of those whose usage is known', () => {
    const [all] = one(ask(worked, { grouping: parseAggregate('all'), idle: 'hidden' })).rows;
    if (all === undefined) throw new Error('no row');
    expect(all.name).toBe('');
    // Not 18 ÷ 30: the job's 6 core-hours of request have no usage to go with them.
    expect(ratesOf(all).cpuEfficiency).toBe(0.75);
    expect(all.quantities.cpu_core_request_hours).toBe(30);
  });

  it('in steps of a day part, sharing is decided in each step and accumulates to the same total', () => {
    const sets = ask(worked, { ...byNamespace, idle: 'shared' }, day, '6h');
    // Midnight to six: web pays all idle, 6 × .184.
    expect(sets.map(totals)[0]).toEqual({ a: '1.104' });
    const set = one(accumulateSets(sets, 'day'));
    expect(short(totalCostOf(set))).toBe('4.416');
    expect(set.rows.map(({ name, startMs, endMs }) => [name, endMs - startMs])).toEqual([
      ['a', 24 * msPerHour],
      ['b', 12 * msPerHour],
    ]);
  });
});

const cost = (namespace: string, nodeName: string, cpuCost: string): AllocationFact =>
  factOf({ node: nodeName, namespace, pod: `${namespace}-${nodeName}`, container: 'main', cpu_cost: cpuCost });
const idleOf = (nodeName: string, cpuCost: string, gpuCost: string | null = null): AllocationFact =>
  factOf({
    kind: 'idle',
    asset_type: 'node',
    asset_key: nodeName,
    node: nodeName,
    cpu_cost: cpuCost,
    gpu_cost: gpuCost,
  });
const hourOf = (cluster: string, facts: AllocationFact[]): FactHour => ({ cluster, hour: hourAt(0), facts });

describe('sharing', () => {
  // Cluster one: idle 20, system 30, web 10. Cluster two: idle 10, data 20.
  const clusters = [
    hourOf('one', [cost('system', 'n1', '30'), cost('web', 'n1', '10'), idleOf('n1', '20')]),
    hourOf('two', [cost('data', 'n2', '20'), idleOf('n2', '10')]),
  ];
  const share = shareFilterOf({ namespaces: ['system'], labels: [] });

  it('divides a shared namespace by cost and leaves idle apart', () => {
    // 30 as 10 to 20.
    expect(totals(one(ask(clusters, { ...byNamespace, share })))).toEqual({ web: '20', data: '40', __idle__: '30' });
  });

  it('divides it evenly among rows when asked to', () => {
    expect(totals(one(ask(clusters, { ...byNamespace, share, shareSplit: 'even' })))).toEqual({
      web: '25',
      data: '35',
      __idle__: '30',
    });
  });

  it('gives shared rows their idle before they are shared', () => {
    // Idle of one: 20 as 30 to 10, so system 15, web 5; of two: data 10. System's 45 as 10 to 20: web 15, data 30.
    expect(totals(one(ask(clusters, { ...byNamespace, share, idle: 'shared' })))).toEqual({ web: '30', data: '60' });
  });

  it('does not count idle too much when a filter, shared costs and idle come together', () => {
    // Idle that is web's: its own 5 and a third of system's 15. In all 30, as when idle is shared.
    expect(totals(one(ask(clusters, { ...byNamespace, share, filter: filter('namespace:"web"') })))).toEqual({
      web: '20',
      __idle__: '10',
    });
    expect(
      totals(one(ask(clusters, { ...byNamespace, share, idle: 'shared', filter: filter('namespace:"web"') }))),
    ).toEqual({ web: '30' });
  });

  it('shares idle within a node or within a cluster', () => {
    // n1: idle 9, web 1; n2: idle 3, data 2.
    const nodes = [
      hourOf('one', [cost('web', 'n1', '1'), idleOf('n1', '9'), cost('data', 'n2', '2'), idleOf('n2', '3')]),
    ];
    expect(totals(one(ask(nodes, { ...byNamespace, idle: 'shared', idleBy: 'node' })))).toEqual({
      web: '10',
      data: '5',
    });
    // 12 as 1 to 2.
    expect(totals(one(ask(nodes, { ...byNamespace, idle: 'shared', idleBy: 'cluster' })))).toEqual({
      web: '5',
      data: '10',
    });
    expect(totals(one(ask(nodes, { ...byNamespace, idleBy: 'node', splitIdle: true })))).toEqual({
      web: '1',
      data: '2',
      'one/n1/__idle__': '9',
      'one/n2/__idle__': '3',
    });
  });

  it('keeps idle that nobody used as idle, also when idle is shared', () => {
    const gpuNode = [hourOf('one', [cost('web', 'n1', '1'), idleOf('n1', '2', '5'), idleOf('n2', '1')])];
    expect(totals(one(ask(gpuNode, { ...byNamespace, idle: 'shared', idleBy: 'node' })))).toEqual({
      web: '3',
      __idle__: '6',
    });
  });

  it('shows the idle of an unused node to the filter that passes the node', () => {
    const nodes = [hourOf('one', [cost('web', 'n1', '1'), idleOf('n1', '2'), idleOf('n2', '7')])];
    const asked = { ...byNamespace, idleBy: 'node' as const };
    expect(totals(one(ask(nodes, { ...asked, filter: filter('node:"n2"') })))).toEqual({ __idle__: '7' });
    expect(totals(one(ask(nodes, { ...asked, filter: filter('node!:"n2"') })))).toEqual({ web: '1', __idle__: '2' });
  });

  it('divides a negative idle like any other', () => {
    const over = [hourOf('one', [cost('web', 'n1', '3'), cost('data', 'n1', '1'), idleOf('n1', '-0.4')])];
    expect(totals(one(ask(over, { ...byNamespace, idle: 'shared' })))).toEqual({ web: '2.7', data: '0.9' });
    expect(totals(one(ask(over, byNamespace)))['__idle__']).toBe('-0.4');
  });

  it('shares by label, and prorates a flat monthly cost over the window', () => {
    const facts = [
      cost('web', 'n1', '1'),
      { ...cost('data', 'n1', '3'), labels: { team: 'platform' } },
      cost('app', 'n1', '1'),
    ];
    const asked: Partial<AllocationQuery> = {
      ...byNamespace,
      share: shareFilterOf({ namespaces: [], labels: [{ key: 'team', value: 'platform' }] }),
      sharedCostPerMonth: parseNanos('730'),
    };
    const hour = hourAt(0);
    // An hour of 730 a month is 1: 4 to share.
    expect(totals(one(ask([hourOf('one', facts)], asked, hour)))).toEqual({ web: '3', app: '3' });
    expect(one(ask([hourOf('one', facts)], asked, hour)).rows[0]).toMatchObject({ sharedCost: parseNanos('2') });
  });

  it.each(['weighted', 'even'] as const)('gives the odd nano to one side of a filter alone, split %s', (shareSplit) => {
    const odd = [
      hourOf('one', [
        cost('system', 'n1', '0.000000001'),
        cost('web', 'n1', '1'),
        cost('data', 'n1', '1'),
        cost('free', 'n1', '0'),
        { ...cost('free', 'n2', '0'), pod: 'other' },
        idleOf('n1', '0.000000001'),
      ]),
    ];
    for (const idle of ['separate', 'shared'] as const) {
      for (const text of ['namespace:"web"', 'pod:"other"']) {
        const asked = { grouping: parseAggregate('label:x'), share, shareSplit, idle };
        const sides = [text, text.replace(':', '!:')].map((side) => one(ask(odd, { ...asked, filter: filter(side) })));
        expect(sides.map(totalCostOf).reduce((a, b) => a + b)).toBe(parseNanos('2.000000002'));
      }
    }
  });

  it('shares evenly among rows that cost nothing, whichever of their pods a filter passes', () => {
    const free = [
      hourOf('one', [cost('system', 'n1', '3'), cost('web', 'n1', '0'), { ...cost('web', 'n1', '0'), pod: 'x' }]),
    ];
    const asked = { ...byNamespace, share, shareSplit: 'even' as const };
    expect(totals(one(ask(free, { ...asked, filter: filter('pod:"x"') })))).toEqual({ web: '1.5' });
    expect(totals(one(ask(free, { ...asked, filter: filter('pod!:"x"') })))).toEqual({ web: '1.5' });
  });

  it('keeps shared costs that nobody can pay in a row of their own', () => {
    const only = [hourOf('one', [cost('system', 'n1', '30'), idleOf('n1', '20')])];
    expect(totals(one(ask(only, { ...byNamespace, share, idle: 'shared' })))).toEqual({
      __shared__: '30',
      __idle__: '20',
    });
  });
});

describe('grouping', () => {
  const facts = [
    { ...cost('web', 'n1', '1'), controller_kind: 'deployment', controller: 'shop', services: ['a', 'b'] },
    { ...cost('web', 'n2', '2'), labels: { team: 'x', app_kubernetes_io_name: 'shop' } },
    { ...cost('job', 'n1', '4'), controller_kind: 'job', controller: 'nightly', annotations: { team: 'y' } },
    factOf({ kind: 'unattributed', asset_type: 'disk', asset_key: 'pv-1', pv_cost: '8' }),
    factOf({ kind: 'unattributed', asset_type: 'disk', asset_key: 'pv-2', namespace: 'web', pv_cost: '16' }),
    factOf({ kind: 'unattributed', asset_type: 'management', asset_key: 'eks', management_cost: '32' }),
    factOf({
      kind: 'unattributed',
      asset_type: 'load_balancer',
      namespace: 'lb',
      services: ['edge'],
      load_balancer_cost: '64',
    }),
  ];
  const by = (aggregate: string): Record<string, string> =>
    totals(one(ask([hourOf('one', facts)], { grouping: parseAggregate(aggregate) })));

  it.each([
    ['all', { '': '127' }],
    ['cluster', { one: '127' }],
    ['namespace', { web: '19', job: '4', lb: '64', __unmounted__: '8', __unallocated__: '32' }],
    ['node', { n1: '5', n2: '2', __unallocated__: '120' }],
    ['controllerKind', { deployment: '1', job: '4', __unallocated__: '122' }],
    ['controller', { 'deployment:shop': '1', 'job:nightly': '4', __unallocated__: '122' }],
    ['deployment', { shop: '1', __unallocated__: '126' }],
    ['job', { nightly: '4', __unallocated__: '123' }],
    ['service', { a: '1', __unmounted__: '88', __unallocated__: '38' }],
    ['label:app.kubernetes.io/name', { shop: '2', __unallocated__: '125' }],
    ['annotation:team', { y: '4', __unallocated__: '123' }],
    ['team', { x: '2', y: '4', __unallocated__: '121' }],
    [
      'job,node',
      {
        'nightly/n1': '4',
        '__unallocated__/n1': '1',
        '__unallocated__/n2': '2',
        '__unallocated__/__unallocated__': '120',
      },
    ],
    ['pod', { 'web-n1': '1', 'web-n2': '2', 'job-n1': '4', __unmounted__: '88', __unallocated__: '32' }],
  ])('by %s', (aggregate, expected) => {
    expect(by(aggregate)).toEqual(expected);
  });

  it('finds a load balancer without pods by its service', () => {
    expect(totals(one(ask([hourOf('one', facts)], { ...byNamespace, filter: filter('services:"edge"') })))).toEqual({
      lb: '64',
    });
  });

  it('does not mind capitals, spaces, or a name that is there twice', () => {
    expect(parseAggregate('ControllerKind, namespace,namespace')).toEqual([
      { by: 'property', name: 'controllerKind' },
      { by: 'property', name: 'namespace' },
    ]);
  });

  it.each(['', 'namespace,', 'namespaces', 'label:', 'label', 'all,namespace', 'constructor'])(
    'refuses %j, naming what can be asked for',
    (aggregate) => {
      expect(() => parseAggregate(aggregate)).toThrow(AppError);
      expect(() => parseAggregate(aggregate)).toThrow(/Known are cluster, node, namespace/);
    },
  );

  it('keeps the properties that all of a row have, and a maximum only of one container', () => {
    const two = [
      { ...cost('web', 'n1', '1'), cpu_core_usage_max: 2, labels: { app: 'shop', tier: 'a' }, services: ['s', 't'] },
      { ...cost('web', 'n2', '1'), cpu_core_usage_max: 3, labels: { app: 'shop', tier: 'b' }, services: ['t'] },
    ];
    const [row] = one(ask([hourOf('one', two)], byNamespace)).rows;
    expect(row?.properties).toMatchObject({
      cluster: 'one',
      namespace: 'web',
      node: '',
      pod: '',
      container: 'main',
      services: ['t'],
    });
    expect(row?.properties.labels).toEqual({ app: 'shop' });
    expect(row?.cpuCoreUsageMax).toBeNull();
    const again = [
      hourOf('one', [two[0] ?? cost('', '', '0')]),
      { ...hourOf('one', [{ ...cost('web', 'n1', '1'), cpu_core_usage_max: 5 }]), hour: hourAt(1) },
    ];
    expect(one(ask(again, byNamespace)).rows[0]?.cpuCoreUsageMax).toBe(5);
  });

  it('adds up a volume over hours and pods', () => {
    const volume = { volume: 'pv-1', claim: 'c', provider_id: 'vol-1', byte_hours: 5, cost: '0.100000000' };
    const facts = [
      { ...cost('web', 'n1', '1'), volumes: [volume] },
      { ...cost('web', 'n2', '1'), volumes: [volume, { ...volume, volume: 'pv-2', cost: null }] },
    ];
    expect(one(ask([hourOf('one', facts)], byNamespace)).rows[0]?.volumes).toEqual([
      { cluster: 'one', volume: 'pv-1', providerId: 'vol-1', byteHours: 10, cost: parseNanos('0.2') },
      { cluster: 'one', volume: 'pv-2', providerId: 'vol-1', byteHours: 5, cost: null },
    ]);
  });
});

describe('aggregateAllocations', () => {
  it('refuses a cost outside of the steps, and a cost that is given twice', () => {
    expect(() =>
      ask([hourOf('one', [cost('web', 'n1', '1')])], {}, { startMs: day.startMs + msPerHour, endMs: day.endMs }),
    ).toThrow(/outside of every step/);
    const hour = hourOf('one', [cost('web', 'n1', '1')]);
    expect(() => ask([hour], {}, { startMs: day.startMs - msPerHour, endMs: day.startMs })).toThrow(
      /outside of every step/,
    );
    expect(() => ask([hour, hour], {})).toThrow(/given twice/);
  });
});
