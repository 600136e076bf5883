import { randomUUID } from 'node:crypto';
import type { InputOf, OutputOf, RestapiClient } from '@cloudtuner/restapi-client';
import { focusFile, type FocusCharge } from './focus-files';
import { createOrganization, type TestOrganization } from './restapi-harness';
import { storeWorkloadHours } from './stored-workloads';
import type { TestWorld } from './test-world';

const daySeconds = 86_400;
/** Start of the running day, unix seconds. */
export const today = Date.parse('2026-03-10T00:00:00Z') / 1000;
/** The day of all costs but one. */
export const yesterday = today - daySeconds;

const dayOf = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** A charge of a day. */
export const charge = (cost: string, fields: FocusCharge, day = yesterday): FocusCharge => ({
  EffectiveCost: cost,
  BilledCost: '0',
  ChargePeriodStart: dayOf(day),
  ChargePeriodEnd: dayOf(day + daySeconds),
  ...fields,
});

const charges: readonly FocusCharge[] = [
  charge('1', { ServiceName: 'EC2', RegionId: 'us-east-1', ResourceId: 'i-0123456789abcdef0', ResourceName: 'web-1' }),
  charge('2', { ServiceName: 'S3', RegionId: 'eu-west-1', ResourceId: 'logs', Tags: '{"team":"a","env":""}' }),
  charge('4', { ServiceName: 'S3', ResourceId: 'backups', ResourceType: 'Bucket', Tags: '{"team":"b"}' }),
  charge('8', { ServiceName: 'Support' }),
  charge('100', { ServiceName: 'S3', ResourceId: 'logs' }, yesterday - daySeconds),
];

type CleanQuery = Partial<InputOf<'getCleanExpenses'>['query']>;

/** An organization with a cluster and a bill that has one of the cluster's two nodes. */
export interface BilledCluster {
  readonly organization: TestOrganization;
  readonly api: RestapiClient;
  readonly bills: string;
  readonly cluster: string;
  /** Another account of bills, without any. */
  createBills(): Promise<string>;
  /** The clean expenses of yesterday. */
  clean(query?: CleanQuery): Promise<OutputOf<'getCleanExpenses'>>;
  /** Their names and costs. */
  rowsOf(query: CleanQuery): Promise<unknown[]>;
}

/** Stores it: 15 dollars on the bill, 48 in the cluster, of which 16 are on the bill too. */
export async function createBilledCluster({ harness, clickhouse }: TestWorld): Promise<BilledCluster> {
  const organization = await createOrganization(harness);
  const api = harness.client(organization.owner.token);
  const createAccount = async (type: 'aws_cnr' | 'kubernetes_cnr', name: string): Promise<string> => {
    const body = { name, type, region: 'us-east-1' };
    return (await api.createCloudAccount({ params: { organization_id: organization.id }, body })).id;
  };
  const bills = await createAccount('aws_cnr', 'aws');
  const cluster = await createAccount('kubernetes_cnr', 'shop');
  await api.createExpenseImport({
    params: { cloud_account_id: bills },
    query: { file_name: 'march.csv' },
    upload: focusFile(charges),
  });
  const dollar = 1_000_000_000n;
  await storeWorkloadHours(clickhouse, cluster, [
    {
      hour: yesterday,
      version: 'v',
      // The first is on the bill: 16 of the 16 + 32 dollars are counted there.
      assets: [
        { providerId: 'aws:///us-east-1a/i-0123456789abcdef0', cost: 16n * dollar },
        { providerId: 'aws:///us-east-1a/i-0fedcba9876543210', cost: 32n * dollar },
      ],
      workloads: [
        { node: 'n1', namespace: 'web', services: ['front', 'api'], cost: 10n * dollar },
        { node: 'n2', namespace: 'web', services: [], cost: 20n * dollar },
        { node: 'n2', namespace: 'db', services: ['api'], cost: 3n * dollar },
        { node: 'n2', namespace: '', services: [], cost: 15n * dollar },
      ],
    },
  ]);
  const clean = (query: CleanQuery = {}): Promise<OutputOf<'getCleanExpenses'>> =>
    api.getCleanExpenses({
      query: { organization_id: organization.id, start_date: yesterday, end_date: today, ...query },
    });
  return {
    organization,
    api,
    bills,
    cluster,
    createBills: () => createAccount('aws_cnr', `bills ${randomUUID()}`),
    clean,
    rowsOf: async (query) => (await clean(query)).clean_expenses.map(({ name, cost }) => [name, cost]),
  };
}
