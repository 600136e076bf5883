import { factOf, firstHourMs, hourAt, type FactHour } from '../testing/allocation-facts';
import { msPerHour } from '../window';
import { aggregateAllocations, type AllocationSet } from './aggregate';
import { costRowsOf } from './cost-row';
import { parseAggregate } from './grouping';
import { openCostAllocationOf, openCostAllocationResponse, type AllocationMode } from './opencost-allocation';
import {
  openCostAllocationResponseSchema,
  openCostSummaryResponseSchema,
  type OpenCostAllocation,
  type OpenCostSummary,
} from './opencost-schema';
import { compatSummaryQuery, openCostSummaryResponse } from './opencost-summary';
import { defaultAllocationQuery, type AllocationQuery } from './query';

const window = { startMs: firstHourMs, endMs: firstHourMs + msPerHour };

/** Three pods of a third of a ten-thousandth each, whose 5-decimal roundings do not add up; idle; a fee; an unused volume. */
const hour: FactHour = {
  cluster: 'one',
  hour: hourAt(0),
  facts: [
    ...['a', 'b', 'c'].map((pod) =>
      factOf({
        node: 'n1',
        provider_id: 'i-1',
        namespace: 'web',
        pod,
        container: 'main',
        controller_kind: 'deployment',
        controller: 'shop',
        services: ['front'],
        labels: { app: 'shop' },
        started_seconds: 900,
        ended_seconds: 2700.5,
        cpu_core_hours: 0.5,
        cpu_core_request_hours: 0.5,
        cpu_core_usage_max: 1.5,
        cpu_cost: '0.000003333',
        network_transmit_bytes: 7,
        network_internet_cost: '0.000000001',
        network_cost: '0.000000001',
        volumes: [{ volume: 'pv-1', claim: 'c', provider_id: 'vol-1', byte_hours: 2, cost: '0.100000000' }],
        load_balancers: [{ service: 'web/front', ip: '10.0.0.1', hours: 0.5, cost: null }],
      }),
    ),
    factOf({ kind: 'idle', asset_type: 'node', asset_key: 'n1', node: 'n1', cpu_cost: '0.3' }),
    factOf({ kind: 'unattributed', asset_type: 'management', asset_key: 'eks', management_cost: '0.1' }),
    factOf({ kind: 'unattributed', asset_type: 'disk', asset_key: 'pv-9', pv_cost: '0.25' }),
  ],
};

function ask(asked: Partial<AllocationQuery>): AllocationSet[] {
  const query = { ...defaultAllocationQuery, ...asked };
  return aggregateAllocations({ query, steps: [window], rows: costRowsOf(hour, query) });
}

function rowsOf(mode: AllocationMode, asked: Partial<AllocationQuery> = {}): Record<string, OpenCostAllocation> {
  const answer = openCostAllocationResponse(ask(asked), { mode, includeMetadata: false });
  const [rows] = openCostAllocationResponseSchema.parse(JSON.parse(JSON.stringify(answer))).data;
  if (rows === undefined) throw new Error('no set');
  return rows;
}

const pod = 'one/n1/web/a/main';
const byNamespace = { grouping: parseAggregate('namespace') };

describe("OpenCost's form of a row", () => {
  it('has its names, its times in RFC 3339, and leaves empty properties out', () => {
    const row = rowsOf('exact')[pod];
    expect(row).toMatchObject({
      name: pod,
      window: { start: '2024-10-16T00:00:00Z', end: '2024-10-16T01:00:00Z' },
      start: '2024-10-16T00:15:00Z',
      end: '2024-10-16T00:45:00Z',
      cpuCoreHours: 0.5,
      cpuCost: 0.000003333,
      networkTransferBytes: 7,
      networkInternetCost: 1e-9,
      totalCost: 0.000003334,
      pvs: { 'cluster=one:name=pv-1': { byteHours: 2, cost: 0.1, providerID: 'vol-1', adjustment: 0 } },
      lbAllocations: {
        'one/web/front': { service: 'web/front', cost: null, ip: '10.0.0.1', hours: 0.5, adjustment: 0 },
      },
      rawAllocationOnly: { cpuCoreUsageMax: 1.5, ramByteUsageMax: null },
    });
    expect(row?.properties).toEqual({
      cluster: 'one',
      node: 'n1',
      namespace: 'web',
      controllerKind: 'deployment',
      controller: 'shop',
      pod: 'a',
      container: 'main',
      services: ['front'],
      providerID: 'i-1',
    });
    expect(row?.minutes).toBeCloseTo(1800.5 / 60, 9);
  });

  it('drops maxima from rows of several containers, and volumes where there are none', () => {
    expect(rowsOf('exact', byNamespace)['web']).not.toHaveProperty('rawAllocationOnly');
    expect(rowsOf('exact')['__idle__']).toMatchObject({ pvs: null, lbAllocations: null });
  });

  it('shows volumes that are not told apart as one, so that the list adds up to the cost', () => {
    const [set] = ask({});
    const [row] = set?.rows ?? [];
    if (row === undefined) throw new Error('no row');
    const sum = { ...row, quantities: { ...row.quantities, pv_byte_hours: 5 }, costs: { ...row.costs, pv_cost: 7n } };
    const pvsOf = (volumes: typeof row.volumes, mode: 'exact' | 'compat') =>
      openCostAllocationOf({ ...sum, volumes }, { mode, includeMetadata: false }).pvs;
    const one = { cluster: 'one', volume: 'pv-1', providerId: 'vol-1', byteHours: 2, cost: 3n };
    expect(pvsOf([], 'exact')).toEqual({
      [`cluster=${row.properties.cluster}:name=__volumes__`]: {
        byteHours: 5,
        cost: 7e-9,
        providerID: '',
        adjustment: 0,
      },
    });
    expect(pvsOf([one], 'exact')).toEqual({
      'cluster=one:name=pv-1': { byteHours: 2, cost: 3e-9, providerID: 'vol-1', adjustment: 0 },
      [`cluster=${row.properties.cluster}:name=__volumes__`]: {
        byteHours: 3,
        cost: 4e-9,
        providerID: '',
        adjustment: 0,
      },
    });
    expect(pvsOf([{ ...one, cost: 7n }], 'exact')).toEqual({ 'cluster=one:name=pv-1': expect.anything() as unknown });
    expect(pvsOf([], 'compat')).toBeNull();
  });

  it('writes labels when they are asked for', () => {
    const [rows] = openCostAllocationResponse(ask({}), { mode: 'exact', includeMetadata: true }).data;
    expect(rows?.[pod]?.properties.labels).toEqual({ app: 'shop' });
  });
});

describe('exact and compat', () => {
  it('D8: compat rounds each number to five decimals, so that rows do not add up; exact does not round', () => {
    const [compat, exact] = [rowsOf('compat'), rowsOf('exact')];
    // Three times 0.000003334 is 0.00001; each alone rounds to 0.
    expect(['a', 'b', 'c'].map((name) => compat[`one/n1/web/${name}/main`]?.totalCost)).toEqual([0, 0, 0]);
    expect(rowsOf('compat', byNamespace)['web']?.totalCost).toBe(0.00001);
    expect(exact[pod]?.totalCost).toBe(0.000003334);
    // 1800.5 s of 3600 s: 0.5 ÷ 0.500138… = 0.99972230… cores.
    expect(compat[pod]?.cpuCores).toBe(0.99972);
    expect(exact[pod]?.cpuCores).toBeCloseTo(0.999722299, 8);
  });

  it('D8: compat rounds halves away from zero, below zero too', () => {
    const half = {
      ...hour,
      facts: [factOf({ kind: 'idle', node: 'n1', asset_key: 'n1', cpu_cost: '-0.000015', ram_cost: '0.000025' })],
    };
    const sets = aggregateAllocations({
      query: defaultAllocationQuery,
      steps: [window],
      rows: costRowsOf(half, defaultAllocationQuery),
    });
    const [rows] = openCostAllocationResponse(sets, { mode: 'compat', includeMetadata: false }).data;
    expect(rows?.['__idle__']).toMatchObject({ cpuCost: -0.00002, ramCost: 0.00003 });
  });

  it('unknown is null in exact and 0 in compat', () => {
    expect(rowsOf('exact')[pod]).toMatchObject({
      ramCost: null,
      gpuCost: null,
      cpuCoreUsageAverage: null,
      cpuEfficiency: null,
    });
    expect(rowsOf('compat')[pod]).toMatchObject({ ramCost: 0, gpuCost: 0, cpuCoreUsageAverage: 0, cpuEfficiency: 0 });
  });

  it('D3: the fee of the control plane is in exact totals, and unknown to compat', () => {
    expect(rowsOf('exact', byNamespace)['__unallocated__']).toMatchObject({ managementCost: 0.1, totalCost: 0.1 });
    expect(Object.keys(rowsOf('compat', byNamespace))).toEqual(['__idle__', '__unmounted__', 'web']);
    expect(rowsOf('compat', { grouping: [] })['']?.totalCost).toBe(0.25001);
    expect(rowsOf('exact', { grouping: [] })['']?.totalCost).toBe(0.350010002);
  });

  it('says what part of a cost is shared idle in exact; in compat that part is always 0', () => {
    const shared = { ...byNamespace, idle: 'shared' as const };
    expect(rowsOf('exact', shared)['web']).toMatchObject({ cpuCost: 0.300009999, cpuCostIdle: 0.3 });
    expect(rowsOf('compat', shared)['web']).toMatchObject({ cpuCost: 0.30001, cpuCostIdle: 0 });
  });
});

function summaryOf(mode: AllocationMode): Record<string, OpenCostSummary> {
  const answer = openCostSummaryResponse(ask(byNamespace), window, mode);
  const { data } = openCostSummaryResponseSchema.parse(JSON.parse(JSON.stringify(answer)));
  expect(data).toMatchObject({ step: 3_600_000_000_000, window: { start: '2024-10-16T00:00:00Z' } });
  return data.sets[0]?.allocations ?? {};
}

describe('the summary', () => {
  it('has efficiency alone in compat, as of 2024, and the names of both in exact', () => {
    const [compat, exact] = [summaryOf('compat')['web'], summaryOf('exact')['web']];
    expect(compat).toMatchObject({ efficiency: 0, cpuCost: 0.000009999, ramCost: 0, gpuRequestAverage: null });
    expect(compat).not.toHaveProperty('totalCost');
    expect(exact).toMatchObject({ efficiency: null, totalEfficiency: null, totalCost: 0.000010002, ramCost: null });
  });

  it('of 2024 knows neither idle nor a filter', () => {
    const asked = { ...defaultAllocationQuery, ...byNamespace, filter: { kind: 'and' as const, operands: [] } };
    expect(compatSummaryQuery(asked)).toMatchObject({ idle: 'hidden', filter: { kind: 'everything' } });
  });
});
