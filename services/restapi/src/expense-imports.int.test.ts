import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import type { RestapiClient } from '@cloudtuner/restapi-client';
import { sharedServers } from '@cloudtuner/test-kit';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { z } from 'zod';
import { focusFile, focusHeader, focusLine, type FocusCharge } from './testing/focus-files';
import { createOrganization, type TestOrganization } from './testing/restapi-harness';
import { startTestWorld, type TestWorld } from './testing/test-world';

let world: TestWorld;
let clickhouse: ClickhouseClient;
let organization: TestOrganization;

beforeAll(async () => {
  world = await startTestWorld(sharedServers());
  ({ clickhouse } = world);
  organization = await createOrganization(world.harness);
}, 120_000);
afterAll(() => world.stop());

interface Bills {
  readonly api: RestapiClient;
  readonly account: string;
  readonly token: string;
}

async function billAccount(): Promise<Bills> {
  const { token } = organization.owner;
  const api = world.harness.client(token);
  const { id } = await api.createCloudAccount({
    params: { organization_id: organization.id },
    body: { name: `aws ${randomUUID()}`, type: 'aws_cnr' },
  });
  return { api, account: id, token };
}

const send = ({ api, account }: Bills, file: Buffer, fileName = 'march.csv', faulty?: 'skip') =>
  api.createExpenseImport({
    params: { cloud_account_id: account },
    query: { file_name: fileName, ...(faulty === undefined ? {} : { faulty_records: faulty }) },
    upload: file,
  });

/** What a reader who joins on the pointer sees. */
async function visible({ account }: Bills): Promise<{ date: string; service: string; cost: string; tags: object }[]> {
  return clickhouse.query({
    sql: `SELECT date, service_name AS service, effective_cost AS cost, tags FROM bill_rows
          WHERE cloud_account_id = {account:UUID} AND block_id IN (
            SELECT arrayJoin(argMax(blocks, sequence)) FROM bill_files WHERE cloud_account_id = {account:UUID} GROUP BY file_name)
          ORDER BY date, service, record`,
    params: { account },
    schema: z.object({
      date: z.string(),
      service: z.string(),
      cost: z.string(),
      tags: z.record(z.string(), z.string()),
    }),
    tag: { surface: 'test', route: 'expense-imports' },
    tenant: account,
  });
}

const storedRows = async ({ account }: Bills): Promise<number> => {
  const [row] = await clickhouse.query({
    sql: 'SELECT count() AS rows FROM bill_rows WHERE cloud_account_id = {account:UUID}',
    params: { account },
    schema: z.object({ rows: z.coerce.number() }),
    tag: { surface: 'test', route: 'expense-imports' },
    tenant: account,
  });
  return row?.rows ?? 0;
};

const charges: readonly FocusCharge[] = [
  { EffectiveCost: '0.1', ResourceId: 'i-0123456789abcdef0', Tags: '{"team":"shop","cost-center":17,"gone":null}' },
  // 12 decimals, rounded once: 0.0000000015 -> 0.000000002
  { EffectiveCost: '0.0000000015', ServiceName: 'Amazon S3', BilledCost: '-3' },
  {
    EffectiveCost: '1.2E-05',
    ServiceName: 'Azure, "Storage"',
    ChargePeriodStart: '2026-04-01 00:00:00',
    ChargePeriodEnd: '2026-04-01T01:00:00.000Z',
  },
];

const expected = [
  { date: '2026-03-01', service: 'Amazon EC2', cost: '0.1', tags: { 'cost-center': '17', gone: '', team: 'shop' } },
  { date: '2026-03-01', service: 'Amazon S3', cost: '0.000000002', tags: {} },
  { date: '2026-04-01', service: 'Azure, "Storage"', cost: '0.000012', tags: {} },
];

describe('POST …/expense_imports', () => {
  it('reads CSV and gzipped CSV by their first bytes, and rounds amounts once to a billionth', async () => {
    for (const file of [
      focusFile(charges),
      gzipSync(focusFile(charges)),
      Buffer.from(`\ufeff${focusFile(charges).toString()}`),
    ]) {
      const bills = await billAccount();
      const imported = await send(bills, file);
      expect(imported).toMatchObject({
        state: 'completed',
        format: file[0] === 0x1f ? 'csv.gz' : 'csv',
        records: 3,
        stored_records: 3,
        refused_records: 0,
        received_bytes: file.length,
        first_date: '2026-03-01',
        last_date: '2026-04-01',
        changed: true,
      });
      expect(await visible(bills)).toEqual(expected);
    }
  });

  it('reads Parquet with typed columns as it reads the same charges from CSV', async () => {
    const bills = await billAccount();
    const time = (text: string): Date => new Date(text);
    const file = parquetWriteBuffer({
      columnData: [
        { name: 'BilledCost', data: [1, -3, 1], type: 'DOUBLE' },
        { name: 'BillingCurrency', data: ['USD', 'USD', 'USD'], type: 'STRING' },
        { name: 'ChargeCategory', data: ['Usage', 'Usage', 'Usage'], type: 'STRING' },
        {
          name: 'ChargePeriodStart',
          data: ['2026-03-01', '2026-03-01', '2026-04-01'].map(time),
          type: 'TIMESTAMP',
        },
        { name: 'ChargePeriodEnd', data: ['2026-03-02', '2026-03-02', '2026-04-02'].map(time), type: 'TIMESTAMP' },
        { name: 'EffectiveCost', data: [0.1, 0.0000000015, 0.000012], type: 'DOUBLE' },
        { name: 'ResourceId', data: ['i-0123456789abcdef0', null, null], type: 'STRING', nullable: true },
        { name: 'ServiceName', data: ['Amazon EC2', 'Amazon S3', 'Azure, "Storage"'], type: 'STRING' },
        { name: 'Tags', data: [charges[0]?.Tags ?? '', null, null], type: 'STRING', nullable: true },
        { name: 'x_Other', data: [1, 2, 3], type: 'DOUBLE' },
      ],
    });
    const imported = await send(bills, Buffer.from(file));
    expect(imported).toMatchObject({ state: 'completed', format: 'parquet', records: 3, refused_records: 0 });
    expect(await visible(bills)).toEqual(expected);
  });

  it('changes nothing when the same file comes again, and shows the new rows alone when it has changed', async () => {
    const bills = await billAccount();
    const first = await send(bills, focusFile(charges));
    const again = await send(bills, gzipSync(focusFile(charges)));
    expect(again).toMatchObject({ state: 'completed', changed: false, data_version: first.data_version });
    expect(await storedRows(bills)).toBe(3);
    await send(bills, focusFile(charges.slice(0, 1)));
    expect(await visible(bills)).toEqual(expected.slice(0, 1));
    // Another file of the same account adds to it.
    await send(bills, focusFile(charges.slice(1)), 'april.csv');
    expect(await visible(bills)).toEqual(expected);
  });

  it('names every faulty record by line and column, and takes nothing of the file', async () => {
    const bills = await billAccount();
    await send(bills, focusFile(charges));
    const faulty = Buffer.from(
      [
        focusHeader,
        focusLine({ ResourceName: 'two\nlines' }),
        focusLine({ EffectiveCost: '$1.00' }), // line 4: the record before has two
        focusLine({ BilledCost: '', ChargePeriodEnd: '2026-03-01T00:00:00Z' }),
        'too,few,columns\r\n',
        focusLine({ BillingCurrency: 'EUR', ChargeCategory: 'usage', Tags: '{"a":[1]}' }),
        focusLine({ ChargePeriodStart: '2026-02-30T00:00:00Z', BilledCost: '1000000000' }),
        focusLine({}),
      ].join(''),
    );
    const refused = await send(bills, faulty).catch((error: unknown) => error);
    const faults = [
      { line: 4, column: 'EffectiveCost', reason: 'not-a-number' },
      { line: 5, column: 'BilledCost', reason: 'missing' },
      { line: 5, column: 'ChargePeriodEnd', reason: 'period-not-positive' },
      { line: 6, column: '', reason: 'wrong-number-of-columns' },
      { line: 7, column: 'BillingCurrency', reason: 'another-currency' },
      { line: 7, column: 'ChargeCategory', reason: 'not-an-allowed-value' },
      { line: 7, column: 'Tags', reason: 'not-a-json-object' },
      { line: 8, column: 'BilledCost', reason: 'number-too-large' },
      { line: 8, column: 'ChargePeriodStart', reason: 'not-a-time' },
    ];
    expect(refused).toMatchObject({
      code: 'bill-records-refused',
      status: 422,
      details: { refused_records: 5, faults },
    });
    expect(await visible(bills)).toEqual(expected);
    const { expense_imports } = await bills.api.listExpenseImports({ params: { cloud_account_id: bills.account } });
    expect(expense_imports[0]).toMatchObject({ state: 'failed', failure_code: 'bill-records-refused', faults });

    const skipping = await send(bills, faulty, 'march.csv', 'skip');
    expect(skipping).toMatchObject({ state: 'completed', records: 7, stored_records: 2, refused_records: 5, faults });
    expect((await visible(bills)).map(({ cost }) => cost)).toEqual(['1', '1']);
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'bill-file-unreadable'],
    ['a file without a mandatory column', Buffer.from('BilledCost,ServiceName\n1,x\n'), 'focus-column-missing'],
    ['gzip that is cut off', gzipSync(focusFile(charges)).subarray(0, 150), 'bill-file-unreadable'],
    ['Parquet without a footer', Buffer.from('PAR1 and nothing else'), 'bill-file-unreadable'],
    ['an image', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'focus-column-missing'],
  ])('refuses %s and keeps what is there', async (_title, file, code) => {
    const bills = await billAccount();
    await send(bills, focusFile(charges));
    await expect(send(bills, file)).rejects.toMatchObject({ code, status: 422 });
    expect(await visible(bills)).toEqual(expected);
  });

  it('takes no bill of a cluster', async () => {
    const api = world.harness.client(organization.owner.token);
    const { id } = await api.createCloudAccount({
      params: { organization_id: organization.id },
      body: { name: 'k', type: 'kubernetes_cnr' },
    });
    await expect(send({ api, account: id, token: '' }, focusFile(charges))).rejects.toMatchObject({
      code: 'account-not-bill',
      status: 422,
    });
  });
});

describe('…/expense_files', () => {
  it('lists the files of an account, and takes out the one that is deleted', async () => {
    const bills = await billAccount();
    const params = { cloud_account_id: bills.account };
    await send(bills, focusFile(charges.slice(0, 1)), 'a.csv');
    await send(bills, focusFile(charges.slice(1)), "b';--.csv");
    const files = async () =>
      (await bills.api.listExpenseFiles({ params })).expense_files.map((file) => file.file_name);
    expect(await files()).toEqual(['a.csv', "b';--.csv"]);
    await bills.api.deleteExpenseFile({ params, query: { file_name: 'a.csv' } });
    expect(await files()).toEqual(["b';--.csv"]);
    expect(await visible(bills)).toEqual(expected.slice(1));
    await expect(bills.api.deleteExpenseFile({ params, query: { file_name: 'a.csv' } })).rejects.toMatchObject({
      code: 'not-found',
    });
    // The same file comes back when it is sent again.
    await send(bills, focusFile(charges.slice(0, 1)), 'a.csv');
    expect(await visible(bills)).toEqual(expected);
  });
});
