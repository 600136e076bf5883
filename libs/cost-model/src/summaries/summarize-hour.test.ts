import fc from 'fast-check';
import { recordOf } from '../allocations/cost-row';
import { costComponents } from '../asset-fact';
import { allocationRulesSchema, type AllocationRulesInput } from './allocation-rules';
import { summarizeHour, type SaidCosts, type SummaryFacts } from './summarize-hour';
import {
  accumulateSummaries,
  changesBetween,
  summaryEfficiencyOf,
  summaryLines,
  summaryQuantities,
  type SummaryRow,
} from './summary-row';

const cloudAccountId = 'c';
const none = recordOf(costComponents, () => null);
const unmeasured = recordOf(summaryQuantities, () => null);

const fact = (
  given: Partial<SummaryFacts> & { cpu?: bigint; ram?: bigint; pv?: bigint; fee?: bigint },
): SummaryFacts => {
  const { cpu = null, ram = null, pv = null, fee = null, ...rest } = given;
  return {
    ...{ kind: 'container', assetType: '', namespace: '', controllerKind: '', controller: '', labels: {} },
    costs: { ...none, cpu_cost: cpu, ram_cost: ram, pv_cost: pv, management_cost: fee },
    quantities: unmeasured,
    ...rest,
  };
};
const idle = fact({ kind: 'idle', assetType: 'node', cpu: 60n, ram: 30n });
const fee = fact({ kind: 'unattributed', assetType: 'management', fee: 100n });
const shop = fact({ namespace: 'shop', labels: { team: 'web', owner: 'eve' }, cpu: 300n, ram: 100n });
const batch = fact({ namespace: 'batch', labels: { team: 'data' }, cpu: 100n, ram: 100n });
const ingress = fact({ namespace: 'ingress', controllerKind: 'daemonset', controller: 'nginx', cpu: 50n, ram: 10n });

const summarize = (rules: AllocationRulesInput, facts: SummaryFacts[], said: SaidCosts[] | null = null): SummaryRow[] =>
  summarizeHour(allocationRulesSchema.parse(rules), { cloudAccountId, facts, said });
const byLabels = [{ name: 'labels', team_label: 'team', owner_label: 'owner' }];
const told = (rows: readonly SummaryRow[]) =>
  Object.fromEntries(
    rows.map(({ namespace, team, owner, sharedCost, totalCost }) => [
      `${namespace} ${team} ${owner}`,
      [sharedCost, totalCost],
    ]),
  );
const sum = (rows: readonly SummaryRow[], of: (row: SummaryRow) => bigint): bigint =>
  rows.reduce((total, row) => total + of(row), 0n);

describe('the summary of an hour', () => {
  it('gives each cost to the namespace, team and owner of the first rule that holds and names one', () => {
    const mapping = [
      { name: 'web by namespace', conditions: [{ type: 'namespace_is' as const, value: 'shop' }], team: 'storefront' },
      {
        name: 'platform',
        conditions: [
          { type: 'controller_kind_is' as const, value: 'daemonset' },
          { type: 'controller_starts_with' as const, value: 'ng' },
        ],
        team: 'platform',
        owner: 'adam',
      },
      ...byLabels,
    ];
    expect(told(summarize({ mapping }, [shop, batch, ingress, idle, fee]))).toEqual({
      '__idle__ __idle__ __idle__': [0n, 90n],
      '__unallocated__ __unallocated__ __unallocated__': [0n, 100n],
      'batch data __unallocated__': [0n, 200n],
      'ingress platform adam': [0n, 60n],
      // The first rule names no owner, so the owner is that of the labels.
      'shop storefront eve': [0n, 400n],
    });
  });

  it('finds labels by the name that Kubernetes has for them', () => {
    const labelled = fact({ namespace: 'a', labels: { app_kubernetes_io_part_of: 'shop' }, cpu: 1n });
    const mapping = [{ name: 'part', team_label: 'app.kubernetes.io/part-of' }];
    expect(summarize({ mapping }, [labelled])[0]?.team).toBe('shop');
  });

  it('divides shared costs in proportion, and idle by the resource', () => {
    const shared_costs = [
      { name: 'idle', costs: 'idle' as const, split: 'proportional' as const },
      {
        ...{ name: 'ingress', costs: 'matching' as const, split: 'proportional' as const },
        conditions: [{ type: 'namespace_is' as const, value: 'ingress' }],
      },
    ];
    expect(told(summarize({ mapping: byLabels, shared_costs }, [shop, batch, ingress, idle]))).toEqual({
      '__idle__ __idle__ __idle__': [-90n, 0n],
      'ingress __unallocated__ __unallocated__': [-60n, 0n],
      // CPU idle 60 × 300/400 = 45, memory idle 30 × 100/200 = 15, ingress 60 × 400/600 = 40
      'shop web eve': [100n, 500n],
      // 15 + 15 + 20
      'batch data __unallocated__': [50n, 250n],
    });
  });

  it('divides evenly among teams and, inside one, in proportion', () => {
    const more = fact({ namespace: 'shop-2', labels: { team: 'web', owner: 'eve' }, cpu: 100n });
    const shared_costs = [{ name: 'fees', costs: 'management' as const, split: 'even' as const }];
    expect(told(summarize({ mapping: byLabels, shared_costs }, [shop, more, batch, fee]))).toEqual({
      '__unallocated__ __unallocated__ __unallocated__': [-100n, 0n],
      'batch data __unallocated__': [50n, 250n],
      // 50 × 400/500 and 50 × 100/500
      'shop web eve': [40n, 440n],
      'shop-2 web eve': [10n, 110n],
    });
  });

  it('divides by fixed weights, also to a team that ran nothing', () => {
    const targets = [
      { name: 'web', weight: 3 },
      { name: 'away', weight: 1 },
    ];
    const shared_costs = [{ name: 'fees', costs: 'management' as const, split: 'fixed' as const, targets }];
    expect(told(summarize({ mapping: byLabels, shared_costs }, [shop, batch, fee]))).toEqual({
      '__shared__ away __unallocated__': [25n, 25n],
      '__unallocated__ __unallocated__ __unallocated__': [-100n, 0n],
      'batch data __unallocated__': [0n, 200n],
      'shop web eve': [75n, 475n],
    });
  });

  it('leaves what nobody can pay where it is', () => {
    const shared_costs = [
      { name: 'idle', costs: 'idle' as const, split: 'proportional' as const },
      { name: 'fees', costs: 'management' as const, split: 'even' as const },
    ];
    expect(told(summarize({ shared_costs }, [idle, fee]))).toEqual({
      '__idle__ __idle__ __idle__': [0n, 90n],
      '__unallocated__ __unallocated__ __unallocated__': [0n, 100n],
    });
  });

  const saidShop: SaidCosts = { ...shop, costs: { ...none, cpu_cost: 310n, ram_cost: 95n, pv_cost: 0n } };
  const saidNew: SaidCosts = { ...shop, namespace: 'new', labels: {}, costs: { ...none, cpu_cost: 7n } };

  it('takes what Kubecost said before what we found, and says how far both are apart', () => {
    const rows = summarize({ mapping: byLabels }, [shop, batch, idle], [saidShop, saidNew]);
    const shown = rows.map((row) => [
      row.namespace,
      row.source,
      row.totalCost,
      row.metricsTotalCost,
      row.differenceCost,
    ]);
    expect(shown).toEqual([
      ['__idle__', 'metrics', 90n, 90n, 0n],
      // Kubecost said nothing of it: by its figures it cost nothing.
      ['batch', 'metrics', 0n, 200n, -200n],
      ['new', 'api', 7n, 0n, 7n],
      ['shop', 'api', 405n, 400n, 5n],
    ]);
    // Its 0 for a volume that we know nothing of is no cost that is known.
    expect(rows.at(-1)?.costs.pv_cost).toBeNull();
  });

  it('replaces of what nobody took only what Kubecost prices', () => {
    const disk = fact({ kind: 'unattributed', assetType: 'disk', pv: 40n });
    const balancer = fact({ kind: 'unattributed', assetType: 'load_balancer' });
    const ours = [disk, { ...balancer, costs: { ...none, load_balancer_cost: 25n } }];
    const unmountedBy = (costs: Partial<SaidCosts['costs']>): SaidCosts => ({
      ...{ namespace: '__unmounted__', controllerKind: '', controller: '', labels: {} },
      costs: { ...none, ...costs },
    });
    const totals = (said: SaidCosts) => {
      const [row] = summarize({}, ours, [said]);
      return [row?.totalCost, row?.costs.pv_cost, row?.costs.load_balancer_cost];
    };
    expect(totals(unmountedBy({ pv_cost: 44n, load_balancer_cost: 0n }))).toEqual([69n, 44n, 25n]);
    expect(totals(unmountedBy({ pv_cost: 0n, load_balancer_cost: 20n }))).toEqual([60n, 40n, 20n]);
    expect(totals(unmountedBy({ pv_cost: 0n, load_balancer_cost: 0n }))).toEqual([65n, 40n, 25n]);
  });

  it('lets a namespace that ran nothing pay under the team that the rules name for it', () => {
    const rules: AllocationRulesInput = {
      mapping: [{ name: 'ml', conditions: [{ type: 'namespace_is', value: 'ml' }], team: 'science', owner: 'ada' }],
      shared_costs: [
        { name: 'fees', costs: 'management', split: 'fixed', among: 'namespace', targets: [{ name: 'ml', weight: 1 }] },
      ],
    };
    expect(told(summarize(rules, [shop, fee]))['ml science ada']).toEqual([100n, 100n]);
  });

  it('only says how far both are apart where our own figures are to be taken', () => {
    const rows = summarize({ mapping: byLabels, precedence: 'metrics' }, [shop], [saidShop]);
    expect(rows).toMatchObject([{ source: 'metrics', totalCost: 400n, metricsTotalCost: 400n, differenceCost: 5n }]);
  });

  it('knows no difference where Kubecost did not speak', () => {
    expect(summarize({}, [shop])[0]?.differenceCost).toBeNull();
  });
});

describe('the efficiency of a summary', () => {
  const measured = (cpuUsage: number | null, ramUsage: number | null) =>
    summaryEfficiencyOf({
      costs: { ...none, cpu_cost: 300n, ram_cost: 100n },
      quantities: {
        ...{ cpu_core_usage_hours: cpuUsage, cpu_core_measured_request_hours: 4 },
        ...{ ram_byte_usage_hours: ramUsage, ram_byte_measured_request_hours: 8 },
      },
    });
  it('is usage by request, weighted by cost; null where usage was not measured', () => {
    // (1/4 × 300 + 4/8 × 100) ÷ 400
    expect(measured(1, 4)).toBe(0.3125);
    expect(measured(1, null)).toBeNull();
    expect(measured(null, null)).toBeNull();
  });
});

const amount = fc.option(fc.bigInt({ min: 0n, max: 10n ** 12n }), { nil: null });
const costs = fc.record({
  ...{ cpu_cost: amount, ram_cost: amount, gpu_cost: amount, pv_cost: amount },
  ...{ network_cost: amount, load_balancer_cost: amount, management_cost: amount },
});
const name = fc.constantFrom('a', 'b', 'c');
const labels = fc.record({ team: fc.constantFrom('', 'x', 'y', 'z') });
const anyFact: fc.Arbitrary<SummaryFacts> = fc.record({
  kind: fc.constantFrom('container', 'idle', 'unattributed'),
  assetType: fc.constantFrom('node', 'disk', 'management', 'network'),
  namespace: fc.constantFrom('', 'a', 'b', 'c'),
  ...{ controllerKind: fc.constant('job'), controller: name, labels, costs },
  quantities: fc.constant(unmeasured),
});
const anySaid: fc.Arbitrary<SaidCosts> = fc.record({
  namespace: fc.constantFrom('', 'a', 'b', 'd'),
  ...{ controllerKind: fc.constant('job'), controller: name, labels, costs },
});
const sharedCost = fc
  .record({
    costs: fc.constantFrom('matching', 'idle', 'management'),
    namespace: name,
    split: fc.constantFrom('proportional', 'even', 'fixed'),
    among: fc.constantFrom('team', 'namespace'),
    targets: fc.uniqueArray(fc.constantFrom('a', 'b', 'x', 'y', 'w'), { minLength: 1, maxLength: 3 }),
    targeted: fc.boolean(),
  })
  .map(({ namespace, targets, targeted, ...shared }) => ({
    ...shared,
    conditions: shared.costs === 'matching' ? [{ type: 'namespace_is', value: namespace }] : [],
    targets:
      shared.split === 'fixed'
        ? targets.map((target, index) => ({ name: target, weight: index + 1 }))
        : targeted
          ? targets.map((target) => ({ name: target }))
          : [],
  }));
const anyRules = fc
  .record({ shared: fc.array(sharedCost, { maxLength: 3 }), precedence: fc.constantFrom('api', 'metrics') })
  .map(({ shared, precedence }) =>
    allocationRulesSchema.parse({
      ...{ mapping: byLabels, precedence },
      shared_costs: shared.map((cost, index) => ({ name: String(index), ...cost })),
    }),
  );
const anyHour = fc.record({
  facts: fc.array(anyFact, { maxLength: 12 }),
  said: fc.option(fc.array(anySaid, { maxLength: 8 }), { nil: null }),
});
const costOf = ({ costs: of }: Pick<SummaryFacts, 'costs'>): bigint =>
  costComponents.reduce((total, component) => total + (of[component] ?? 0n), 0n);

describe('laws of summaries', () => {
  it('every nano of the facts is in one row, sharing moves and makes none, and the difference is all there is besides', () => {
    fc.assert(
      fc.property(anyRules, anyHour, (rules, hour) => {
        const rows = summarizeHour(rules, { cloudAccountId, ...hour });
        expect(sum(rows, ({ metricsTotalCost }) => metricsTotalCost)).toBe(
          hour.facts.reduce((total, one) => total + costOf(one), 0n),
        );
        expect(sum(rows, ({ sharedCost: moved }) => moved)).toBe(0n);
        for (const row of rows) {
          expect(row.totalCost).toBe(costOf(row) + row.sharedCost);
          const isApi = hour.said !== null && rules.precedence === 'api';
          expect(row.totalCost).toBe(row.metricsTotalCost + (isApi ? (row.differenceCost ?? 0n) : 0n));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('the order of the facts changes nothing', () => {
    fc.assert(
      fc.property(anyRules, anyHour, fc.infiniteStream(fc.nat()), (rules, hour, order) => {
        const shuffled = hour.facts
          .map((one) => ({ one, at: order.next().value ?? 0 }))
          .sort((a, b) => a.at - b.at)
          .map(({ one }) => one);
        const of = (facts: readonly SummaryFacts[]): string =>
          summaryLines(summarizeHour(rules, { cloudAccountId, facts, said: hour.said }));
        expect(of(shuffled)).toBe(of(hour.facts));
      }),
      { numRuns: 100 },
    );
  });

  it('what was closed and all later changes are what is true now', () => {
    fc.assert(
      fc.property(anyRules, fc.array(fc.tuple(anyHour, anyHour), { minLength: 1, maxLength: 4 }), (rules, hours) => {
        const [before, after] = [0, 1].map((index) =>
          accumulateSummaries(
            hours.map((pair) =>
              summarizeHour(rules, { cloudAccountId, ...(pair[index] ?? { facts: [], said: null }) }),
            ),
          ),
        ) as [SummaryRow[], SummaryRow[]];
        const changes = changesBetween(before, after);
        // What has been changed so is what is true: nothing is left to change.
        const changed = new Map(before.map((row) => [`${row.namespace} ${row.team} ${row.owner}`, row.totalCost]));
        for (const { namespace, team, owner, totalCost } of changes) {
          const key = `${namespace} ${team} ${owner}`;
          changed.set(key, (changed.get(key) ?? 0n) + totalCost);
        }
        for (const row of after) {
          expect(changed.get(`${row.namespace} ${row.team} ${row.owner}`) ?? 0n).toBe(row.totalCost);
        }
        expect([...changed.values()].reduce((a, b) => a + b, 0n)).toBe(sum(after, ({ totalCost }) => totalCost));
        expect(changesBetween(after, after)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
