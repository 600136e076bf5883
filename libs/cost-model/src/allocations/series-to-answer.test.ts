import { allocateHour } from '../facts/hour-allocator';
import { allocationFilterFields } from '../filter/filter-fields';
import { parseFilter } from '../filter/parse-filter';
import { formatNanos } from '../money';
import type { Series } from '../series';
import { gib, minute, nodeSeries, podSeries, startMs, steady } from '../testing/hour-series';
import { hoursOf, msPerHour, type TimeWindow } from '../window';
import { aggregateAllocations, totalCostOf } from './aggregate';
import { costRowsOf } from './cost-row';
import { parseAggregate } from './grouping';
import { defaultAllocationQuery, type AllocationQuery } from './query';

const dayMinutes = 24 * 60;
const day = { startMs, endMs: startMs + 24 * msPerHour };
const allDay = { from: -5, to: dayMinutes + 5 };
/** From the sixth hour to the eighteenth. */
const halfDay = { from: 6 * 60, to: 18 * 60 };

// One node of 4 cores and 16 GiB; web with 1.25 cores on average, job with half a core for half a day.
const series: Series[] = [
  ...nodeSeries('n1', allDay),
  ...podSeries('web', { ...allDay, namespace: 'a', cores: (at) => (at >= 60 && at < 7 * 60 ? 2 : 1), bytes: 2 * gib }),
  ...podSeries('job', { ...halfDay, namespace: 'b', cores: 0.5, bytes: gib }),
  steady(
    { __name__: 'kubecost_load_balancer_cost', namespace: 'c', service_name: 'edge', ingress_ip: '1.2.3.4' },
    0.025,
    allDay,
  ),
];

/** What metroculus reads for an hour: samples from 5 minutes before it to 5 minutes after it. */
const around = ({ startMs: fromMs, endMs }: TimeWindow): Series[] =>
  series.map(({ labels, timestampsMs, values }) => {
    const within = timestampsMs.map((ms) => ms >= fromMs - 5 * minute && ms <= endMs + 5 * minute);
    return {
      labels,
      timestampsMs: timestampsMs.filter((_, index) => within[index]),
      values: values.filter((_, index) => within[index]),
    };
  });

const facts = hoursOf(day).map((hour) => ({
  cluster: 'one',
  hour,
  facts: allocateHour({ window: hour, series: around(hour) }).allocations,
}));

function totals(asked: Partial<AllocationQuery>): Record<string, string> {
  const query = { ...defaultAllocationQuery, grouping: parseAggregate('namespace'), ...asked };
  const rows = facts.flatMap((hour) => costRowsOf(hour, query));
  const [set] = aggregateAllocations({ query, steps: [day], rows });
  const shown = (nanos: bigint): string => String(Number(formatNanos(nanos)));
  if (set === undefined) throw new Error('no set');
  return {
    ...Object.fromEntries(set.rows.map(({ name, totalCost }) => [name, shown(totalCost)])),
    total: shown(totalCostOf(set)),
  };
}

describe('from samples by way of hourly facts to the answer of a day', () => {
  it('is the worked example: 1.092, .228, 3.096 idle, and .60 for a load balancer without pods', () => {
    expect(totals({})).toEqual({ a: '1.092', b: '0.228', c: '0.6', __idle__: '3.096', total: '5.016' });
  });

  it('shares idle as 3.6288 and .7872', () => {
    expect(totals({ idle: 'shared' })).toEqual({ a: '3.6288', b: '0.7872', c: '0.6', total: '5.016' });
  });

  it('scales idle to 1.50 + 1.0368 for the filter of web', () => {
    const filter = parseFilter('namespace:"a"', allocationFilterFields);
    expect(totals({ filter })).toEqual({ a: '1.092', __idle__: '2.5368', total: '3.6288' });
  });
});
