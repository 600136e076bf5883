import { AppError } from '@cloudtuner/errors';
import { allocationFilterFields } from '../filter/filter-fields';
import { parseFilter } from '../filter/parse-filter';
import { formatNanos } from '../money';
import { factOf, firstHourMs, hourAt, type FactHour } from '../testing/allocation-facts';
import { msPerHour } from '../window';
import { aggregateAllocations, type AllocationSet } from './aggregate';
import { allocationCosts, allocationQuantities, costRowsOf, recordOf, type CostRow } from './cost-row';
import { parseAggregate } from './grouping';
import { defaultAllocationQuery, shareFilterOf, type AllocationQuery } from './query';
import { costRowsOfSums, type SummedFacts } from './summed-facts';

const window = { startMs: firstHourMs, endMs: firstHourMs + 2 * msPerHour };

/** Two hours of one pod each of two teams, with idle, a shared namespace and an unused volume. */
const hours: FactHour[] = [0, 1].map((index) => ({
  cluster: 'one',
  hour: hourAt(index),
  facts: [
    factOf({
      node: 'n1',
      namespace: 'web',
      pod: 'w',
      labels: { team: 'a' },
      cpu_cost: '1.000000001',
      cpu_core_hours: 2,
    }),
    factOf({ node: 'n1', namespace: 'data', pod: 'd', labels: { team: 'b' }, cpu_cost: '2', cpu_core_hours: 4 }),
    factOf({ node: 'n2', namespace: 'system', pod: 's', cpu_cost: '0.7', gpu_cost: null }),
    factOf({ kind: 'idle', asset_type: 'node', asset_key: 'n1', node: 'n1', cpu_cost: '0.100000003', ram_cost: '5' }),
    factOf({ kind: 'unattributed', asset_type: 'disk', asset_key: 'pv', pv_cost: '0.5' }),
  ],
}));

/** What a database sums of both hours: amounts times two, seconds as moments, labels by the key that was asked for. */
const sums: SummedFacts[] = (hours[0]?.facts ?? []).map((fact) => ({
  ...recordOf(allocationQuantities, () => null),
  step: firstHourMs / 1000,
  kind: fact.kind,
  asset_type: fact.asset_type ?? '',
  node: fact.node,
  provider_id: '',
  namespace: fact.namespace,
  controller_kind: '',
  controller: '',
  pod: fact.pod,
  pod_uid: '',
  container: '',
  label_values: [fact.labels['team'] ?? ''],
  services: [],
  label_names: [],
  annotation_names: [],
  annotation_values: [],
  started_at_ms: window.startMs,
  ended_at_ms: window.endMs,
  cpu_core_hours: fact.cpu_core_hours === null ? null : 2 * fact.cpu_core_hours,
  cpu_core_usage_max: null,
  ram_byte_usage_max: null,
  ...recordOf(allocationCosts, (name) => {
    const cost = fact[name];
    return cost === null ? null : formatNanos(2n * BigInt(cost.replace('.', '')));
  }),
  flags: ['estimated', 'of-a-later-version'],
}));

const what = { cluster: 'one', labelKeys: ['team'] };
const answer = (query: AllocationQuery, rows: CostRow[]): AllocationSet[] =>
  aggregateAllocations({ query, steps: [window], rows });

describe('costRowsOfSums', () => {
  it.each(['namespace', 'label:team', 'cluster,node', 'all'])(
    'answers as the facts themselves do, by %s, filtered and shared',
    (aggregate) => {
      const query: AllocationQuery = {
        ...defaultAllocationQuery,
        grouping: parseAggregate(aggregate),
        filter: parseFilter('label[team]:"a"|namespace:"__unmounted__"', allocationFilterFields),
        share: shareFilterOf({ namespaces: ['system'], labels: [] }),
        idle: 'shared',
        idleBy: 'node',
      };
      const [fromSums] = answer(query, costRowsOfSums(sums, what, query));
      const facts = hours.flatMap((hour) => costRowsOf(hour, query));
      const [fromFacts] = answer(query, facts);
      const shown = (set: AllocationSet | undefined): unknown =>
        set?.rows.map(({ name, costs, sharedCost, quantities, startMs, endMs }) => ({
          ...{ name, costs, sharedCost, startMs, endMs },
          cpuCoreHours: quantities.cpu_core_hours,
        }));
      expect(shown(fromSums)).toEqual(shown(fromFacts));
      expect(fromSums?.rows.length).toBeGreaterThan(0);
    },
  );

  it('keeps the flags that it knows, and refuses a kind that it does not', () => {
    const rows = costRowsOfSums(sums, what, defaultAllocationQuery);
    expect(rows.map(({ flags }) => flags)).toEqual(sums.map(() => ['estimated']));
    const [first] = sums;
    if (first === undefined) throw new Error('no sums');
    expect(() => costRowsOfSums([{ ...first, kind: 'other' }], what, defaultAllocationQuery)).toThrow(AppError);
  });

  it('knows services, names of labels, and values of annotations, where they were asked for', () => {
    const [first] = sums;
    if (first === undefined) throw new Error('no sums');
    const sum = {
      ...first,
      services: ['api'],
      label_names: ['app', 'team'],
      annotation_names: ['note'],
      annotation_values: ['ada'],
    };
    const [row] = costRowsOfSums([sum], { ...what, annotationKeys: ['owner'] }, defaultAllocationQuery);
    expect(row?.properties).toMatchObject({
      services: ['api'],
      labels: { app: '', team: 'a' },
      annotations: { note: '', owner: 'ada' },
    });
    // Told apart from a row without them.
    expect(row?.id).not.toBe(costRowsOfSums([first], what, defaultAllocationQuery)[0]?.id);
  });
});
