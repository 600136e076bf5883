import { formatNanos, parseNanos } from '@cloudtuner/cost-model';
import type { OperationId } from '@cloudtuner/restapi-client';
import { sharedServers, waitFor } from '@cloudtuner/test-kit';
import { parse } from 'csv-parse/sync';
import { parquetReadObjects } from 'hyparquet';
import { createBilledCluster, today, yesterday, type BilledCluster } from './testing/billed-cluster';
import { createOrganization } from './testing/restapi-harness';
import { startTestWorld, type TestWorld } from './testing/test-world';

const daySeconds = 86_400;

let world: TestWorld;
let stored: BilledCluster;

beforeAll(async () => {
  world = await startTestWorld(sharedServers(), {
    nowMs: (today + 10.5 * 3600) * 1000,
    environment: { RATE_LIMIT_TOKEN_UNITS: '100000000', RATE_LIMIT_ORGANIZATION_UNITS: '100000000' },
  });
  stored = await createBilledCluster(world);
}, 120_000);
afterAll(() => world.stop());

type Query = Readonly<Record<string, string>>;
type Row = Readonly<Record<string, string>>;

const days = { start_date: String(yesterday), end_date: String(today) };

async function download(file: string, query: Query = {}, token = stored.organization.owner.token) {
  const parameters = new URLSearchParams({ ...days, ...query });
  const base = `${world.harness.url}/restapi/v2/organizations/${stored.organization.id}/exports`;
  const response = await fetch(`${base}/${file}?${parameters.toString()}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const bytes = await response.arrayBuffer();
  return { response, bytes, text: Buffer.from(bytes).toString('utf8') };
}

const rowsOf = (text: string): Row[] => parse<Row>(text, { columns: true });
const sumOf = (rows: readonly Row[], column: string): string =>
  formatNanos(rows.reduce((sum, row) => sum + parseNanos(row[column] ?? ''), 0n));
const total = async (query: Partial<Parameters<BilledCluster['clean']>[0]> = {}): Promise<unknown> =>
  (await stored.clean({ money: 'string', ...query })).total_cost;

describe('the export of clean expenses', () => {
  it('adds up to the total of clean_expenses, which it names, with the overlap as a row of its own', async () => {
    const { response, text } = await download('clean_expenses.csv');
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const rows = rowsOf(text);
    // 15 on the bill and 48 in the cluster, of which 16 are on the bill, too.
    expect([sumOf(rows, 'cost'), response.headers.get('x-total-cost'), await total()]).toEqual(
      Array.from({ length: 3 }, () => '47.000000000'),
    );
    expect(rows.map(({ row_type: type, name, cost }) => [type, name, cost])).toEqual([
      ['resource', '', '8.000000000'],
      ['resource', 'backups', '4.000000000'],
      ['resource', 'logs', '2.000000000'],
      ['cluster', 'shop', '48.000000000'],
      ['resource', 'web-1', '1.000000000'],
      ['overlap', 'machines of clusters that are on bills, too', '-16.000000000'],
    ]);
  });

  it('is the same as Parquet', async () => {
    const { bytes } = await download('clean_expenses.parquet');
    const rows = await parquetReadObjects({ file: bytes });
    const asText = rows.map((row: Readonly<Record<string, unknown>>) => [
      row['row_type'],
      row['name'] ?? '',
      Number(row['cost']),
    ]);
    const csv = rowsOf((await download('clean_expenses.csv')).text);
    expect(asText).toEqual(csv.map(({ row_type: type, name, cost }) => [type, name, Number(cost)]));
  });

  it('cannot be taken for formulas, and keeps the sign of amounts', async () => {
    const organization = await createOrganization(world.harness);
    const api = world.harness.client(organization.owner.token);
    const params = { organization_id: organization.id };
    const names = ['=1+1', '@SUM(A1)', '+1', '-1', '＝1'];
    for (const name of names) {
      const { id } = await api.createCloudAccount({ params, body: { name, type: 'aws_cnr' } });
      const header =
        'BilledCost,EffectiveCost,BillingCurrency,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,ServiceName';
      const charge = `0,-1.5,USD,Credit,2026-03-09T00:00:00Z,2026-03-10T00:00:00Z,"=cmd|' /C calc'!A0"`;
      await api.createExpenseImport({
        params: { cloud_account_id: id },
        query: { file_name: 'a' },
        upload: Buffer.from(`${header}\n${charge}\n`),
      });
    }
    const parameters = new URLSearchParams(days);
    const url = `${world.harness.url}/restapi/v2/organizations/${organization.id}/exports/clean_expenses.csv?${parameters.toString()}`;
    const response = await fetch(url, { headers: { authorization: `Bearer ${organization.owner.token}` } });
    const rows = rowsOf(await response.text());
    expect(rows.map((row) => row['cloud_account_name']).sort()).toEqual(names.map((name) => `'${name}`).sort());
    expect(new Set(rows.map((row) => row['service_name']))).toEqual(new Set(["'=cmd|' /C calc'!A0"]));
    expect(rows.map((row) => row['cost'])).toEqual(names.map(() => '-1.500000000'));
  });
});

describe.each([
  ['allocations', 'total_cost', 'cursor'],
  ['focus', 'EffectiveCost', 'x_Cursor'],
])('the export of %s', (name, column, cursorColumn) => {
  it.each(['namespace', 'workload', 'pod'])('by %s adds up to the clusters of clean_expenses', async (aggregate) => {
    const { response, text } = await download(`${name}.csv`, { aggregate });
    const expected = (await stored.clean({ money: 'string' })).k8s_costs?.k8s_total_cost;
    expect(expected).toBe('48.000000000');
    expect([sumOf(rowsOf(text), column), response.headers.get('x-total-cost')]).toEqual([expected, expected]);
  });

  it('goes on after any row, as if it had never broken off', async () => {
    const whole = await download(`${name}.csv`);
    const version = whole.response.headers.get('x-data-version') ?? '';
    const rows = rowsOf(whole.text);
    expect(rows.length).toBeGreaterThan(2);
    const lines = whole.text.split('\n');
    for (const [index, row] of rows.entries()) {
      const rest = await download(`${name}.csv`, { after: row[cursorColumn] ?? '', data_version: version });
      expect(rest.text).toBe(lines.slice(index + 2).join('\n'));
    }
    const part = await download(`${name}.csv`, { limit: '2' });
    expect(part.text).toBe(`${lines.slice(0, 3).join('\n')}\n`);
  });
});

describe('the export for FOCUS', () => {
  // https://focus.finops.org, version 1.2: columns whose feature level is Mandatory; focus-columns.test.ts has the rules of all.
  const mandatory = [
    ...['BilledCost', 'BillingAccountId', 'BillingAccountName', 'BillingCurrency', 'BillingPeriodEnd'],
    ...['BillingPeriodStart', 'ChargeCategory', 'ChargeClass', 'ChargeDescription', 'ChargePeriodEnd'],
    ...['ChargePeriodStart', 'ContractedCost', 'EffectiveCost', 'InvoiceIssuerName', 'ListCost'],
    ...['PricingQuantity', 'PricingUnit', 'ProviderName', 'PublisherName', 'ServiceCategory', 'ServiceName'],
  ];

  it('has every mandatory column, and a value where null is not allowed', async () => {
    const rows = rowsOf((await download('focus.csv')).text);
    for (const row of rows) {
      expect(Object.keys(row)).toEqual(expect.arrayContaining(mandatory));
      const empty = mandatory.filter((name) => row[name] === '');
      expect(empty).toEqual(['ChargeClass']);
      expect(row['ChargePeriodStart']).toBe('2026-03-09T00:00:00Z');
      expect(row['BillingPeriodEnd']).toBe('2026-04-01T00:00:00Z');
    }
  });

  it.each(['csv', 'parquet'])('comes to the same when it is imported as a bill (%s)', async (format) => {
    const { bytes } = await download(`focus.${format}`);
    const account = await stored.createBills();
    await stored.api.createExpenseImport({
      params: { cloud_account_id: account },
      query: { file_name: `focus.${format}` },
      upload: Buffer.from(bytes),
    });
    expect(await total({ cloud_account_id: account })).toBe('48.000000000');
    await stored.api.deleteCloudAccount({ params: { cloud_account_id: account } });
  });
});

describe('exports', () => {
  it('do not go on with other data than they began with', async () => {
    const before = await download('clean_expenses.csv', { limit: '1' });
    const version = before.response.headers.get('x-data-version') ?? '';
    const account = await stored.createBills();
    const after = await download('clean_expenses.csv', { after: '1', data_version: version });
    await stored.api.deleteCloudAccount({ params: { cloud_account_id: account } });
    expect([after.response.status, JSON.parse(after.text)]).toMatchObject([409, { code: 'export-changed' }]);
  });

  it.each([
    ['a part of a day', { start_date: String(yesterday + 3600) }],
    ['a day that is not over', { end_date: String(today + daySeconds) }],
    ['nothing', { end_date: days.start_date }],
  ])('are not of %s', async (_title, query) => {
    const { response, text } = await download('allocations.csv', query);
    expect([response.status, JSON.parse(text)]).toMatchObject([400, { code: 'invalid-window' }]);
  });

  it('are noted in the audit log', async () => {
    const { token } = stored.organization.owner;
    await download('focus.parquet', {}, token);
    const operation: OperationId = 'exportFocusParquet';
    const params = { organization_id: stored.organization.id };
    // The clock of restapi stands still: the record is of its now.
    const query = { operation, start_time: today, end_time: today + daySeconds };
    const found = async () => (await stored.api.listAudit({ params, query })).records;
    await waitFor(async () => (await found()).length > 0);
    expect((await found())[0]).toMatchObject({ operation, action: 'read', result: 'ok' });
  });
});
