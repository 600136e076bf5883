import { noProperties, type AllocationRow } from '@cloudtuner/cost-model';
import type { CloudAccount } from '@cloudtuner/metadata';
import { encodeCsv } from '../adapters/exports/csv-encoder';
import type { ExportColumn, Placed } from '../domain/exports/export-column';
import { createFocusReader } from '../domain/bills/focus-record';
import { focusColumns, focusRowsOf, type FocusRow } from './export-columns';

// The rules of FOCUS 1.2 (https://focus.finops.org, tag v1.2 of the specification) in our own words, column by column.

type Kind = 'text' | 'amount' | 'quantity' | 'time';
interface Rule {
  readonly kind: Kind;
  /** Whether a dataset without the column is one. */
  readonly level: 'mandatory' | 'conditional' | 'recommended';
  /** `never` null, `may` be, or null exactly where another column is. */
  readonly nulls: 'never' | 'may' | { readonly as: string };
  readonly values?: readonly string[];
}

const never = { nulls: 'never' } as const;
const may = { nulls: 'may' } as const;
const as = (other: string) => ({ nulls: { as: other } });
const must = (kind: Kind) => ({ kind, level: 'mandatory' }) as const;
const where = (kind: Kind) => ({ kind, level: 'conditional' }) as const;

const rules: Readonly<Record<string, Rule>> = {
  BilledCost: { ...must('amount'), ...never },
  BillingAccountId: { ...must('text'), ...never },
  BillingAccountName: { ...must('text'), ...may },
  BillingAccountType: { ...where('text'), ...never },
  BillingCurrency: { ...must('text'), ...never, values: ['EUR'] },
  BillingPeriodEnd: { ...must('time'), ...never },
  BillingPeriodStart: { ...must('time'), ...never },
  ChargeCategory: { ...must('text'), ...never, values: ['Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment'] },
  ChargeClass: { ...must('text'), ...may, values: ['Correction'] },
  ChargeDescription: { ...must('text'), ...may },
  ChargeFrequency: {
    kind: 'text',
    level: 'recommended',
    ...never,
    values: ['One-Time', 'Recurring', 'Usage-Based'],
  },
  ChargePeriodEnd: { ...must('time'), ...never },
  ChargePeriodStart: { ...must('time'), ...never },
  // Null only where the category is not Usage, which here it always is; so with PricingQuantity.
  ConsumedQuantity: { ...where('quantity'), ...never },
  ConsumedUnit: { ...where('text'), ...as('ConsumedQuantity') },
  ContractedCost: { ...must('amount'), ...never },
  EffectiveCost: { ...must('amount'), ...never },
  InvoiceIssuerName: { ...must('text'), ...never },
  ListCost: { ...must('amount'), ...never },
  PricingQuantity: { ...must('quantity'), ...never },
  PricingUnit: { ...must('text'), ...as('PricingQuantity') },
  ProviderName: { ...must('text'), ...never },
  PublisherName: { ...must('text'), ...never },
  RegionId: { ...where('text'), ...may },
  RegionName: { ...where('text'), ...as('RegionId') },
  ResourceId: { ...where('text'), ...may },
  ResourceName: { ...where('text'), ...may },
  ResourceType: { ...where('text'), ...as('ResourceId') },
  ServiceCategory: {
    ...must('text'),
    ...never,
    values: [
      ...['AI and Machine Learning', 'Analytics', 'Business Applications', 'Compute', 'Databases', 'Developer Tools'],
      ...['Multicloud', 'Identity', 'Integration', 'Internet of Things', 'Management and Governance', 'Media'],
      ...['Migration', 'Mobile', 'Networking', 'Security', 'Storage', 'Web', 'Other'],
    ],
  },
  ServiceName: { ...must('text'), ...never },
  SubAccountId: { ...where('text'), ...may },
  SubAccountName: { ...where('text'), ...as('SubAccountId') },
  SubAccountType: { ...where('text'), ...as('SubAccountId') },
  Tags: { ...where('text'), ...may },
};

const organization = { id: 'o-1', name: 'Acme', currency: 'EUR', createdAt: new Date(0) };
const account = (region: string | null): CloudAccount => ({
  id: 'a-1',
  organizationId: 'o-1',
  type: 'kubernetes_cnr',
  name: 'shop',
  region,
  owner: null,
  clusterResourceId: null,
  tags: {},
  createdAt: new Date(0),
  deletedAt: null,
  lastReadAt: null,
  allocationLabelKeys: [],
});

const nano = 1_000_000_000n;
type Costs = AllocationRow['costs'];
type Quantities = AllocationRow['quantities'];

/** As far as charges are made of it. */
function allocation(name: string, controllerKind: string, more: { costs: Partial<Costs>; total: bigint }) {
  const costs = { cpu_cost: null, ram_cost: null, gpu_cost: null, pv_cost: null, network_cost: null, ...more.costs };
  const quantities = { cpu_core_hours: 1e-7, ram_byte_hours: 2 ** 31, gpu_hours: 0 };
  return {
    name,
    properties: { ...noProperties, namespace: 'web', controllerKind },
    costs: { load_balancer_cost: null, management_cost: null, ...costs } as Costs,
    quantities: quantities as Partial<Quantities> as Quantities,
    totalCost: more.total,
  } as AllocationRow;
}

const dayMs = Date.UTC(2026, 11, 31);
const all = { cpu_cost: nano, ram_cost: nano, gpu_cost: nano, pv_cost: nano, network_cost: nano };
const more = { load_balancer_cost: nano, management_cost: nano };
const rows: Placed<FocusRow>[] = [
  // One of each component and one dollar that none of them explains.
  { region: 'eu-west-1', row: allocation('web', 'deployment', { costs: { ...all, ...more }, total: 8n * nano }) },
  { region: null, row: allocation('__idle__', '', { costs: { cpu_cost: -nano }, total: -nano }) },
].flatMap(({ region, row }) =>
  focusRowsOf({ dayMs, account: account(region), row }).map((each, index) => ({ ...each, cursor: String(index) })),
);

const columns = focusColumns(organization);
const columnNamed = (name: string): ExportColumn<Placed<FocusRow>> => {
  const found = columns.find((column) => column.name === name);
  if (found === undefined) throw new Error(`there is no column ${name}`);
  return found;
};

describe('a column of the export', () => {
  it.each(Object.entries(rules))(
    '%s is of its type, null only where it may be, and of its allowed values',
    (name, rule) => {
      const column = columnNamed(name);
      expect(column.kind).toBe(rule.kind);
      for (const row of rows) {
        const cell = column.of(row);
        if (rule.nulls === 'never') expect(cell).not.toBeNull();
        if (typeof rule.nulls === 'object') expect(cell === null).toBe(columnNamed(rule.nulls.as).of(row) === null);
        if (cell === '') throw new Error(`${name} is empty, which is not null`);
        if (rule.values !== undefined && cell !== null) expect(rule.values).toContain(cell);
      }
    },
  );

  it('has a rule here, or the prefix of our own', () => {
    const names = columns.map(({ name }) => name);
    expect(names.filter((name) => !(name in rules) && !/^x_[A-Z][A-Za-z]+$/.test(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
    expect(rows.length).toBe(9);
  });

  it('is of a unit that UnitFormat has, of a period that ends where it does not belong to it any more', () => {
    const units = new Set(rows.map((row) => columnNamed('PricingUnit').of(row)));
    expect([...units].sort()).toEqual(['Core-Hours', 'Days', 'GiB-Hours']);
    const at = (name: string) => rows.map((row) => columnNamed(name).of(row))[0];
    expect([at('BillingPeriodStart'), at('BillingPeriodEnd')]).toEqual([Date.UTC(2026, 11), Date.UTC(2027, 0)]);
    expect([at('ChargePeriodStart'), at('ChargePeriodEnd')]).toEqual([dayMs, Date.UTC(2027, 0)]);
  });

  it('is written in the formats of FOCUS: times with Z, exponents with E', async () => {
    const some = ['ConsumedQuantity', 'EffectiveCost', 'ChargePeriodStart', 'ChargeClass'].map(columnNamed);
    async function* batches() {
      yield await Promise.resolve(rows.filter(({ charge }) => charge.component === 'cpu_cost').slice(0, 1));
    }
    let text = '';
    for await (const chunk of encodeCsv(some, batches(), { header: false })) text += chunk;
    expect(text).toBe('1E-7,1.000000000,2026-12-31T00:00:00Z,\n');
  });
});

describe('a column of the import', () => {
  const valid: Readonly<Record<string, string>> = {
    BilledCost: '1.5',
    BillingCurrency: 'EUR',
    ChargeCategory: 'Usage',
    ChargePeriodEnd: '2026-03-02T00:00:00Z',
    ChargePeriodStart: '2026-03-01T00:00:00Z',
    EffectiveCost: '1.2E-05',
    ServiceName: 'Amazon EC2',
    RegionId: 'eu-west-1',
    ResourceId: 'i-1',
    ResourceName: 'web',
    ResourceType: 'Instance',
    SubAccountId: '123',
    Tags: '{"team":"web","spot":true,"level":1,"none":null}',
  };
  const names = Object.keys(valid);
  const read = (more: Readonly<Record<string, string>>) => {
    const cells = names.map((name) => more[name] ?? valid[name] ?? null);
    const result = createFocusReader(names, 'EUR').read({ line: 2, cells }, 1);
    return 'faults' in result ? result.faults.map(({ column, reason }) => `${column} ${reason}`) : [];
  };

  it.each(names)('%s is read where it is as FOCUS has it, and null exactly where FOCUS allows null', (name) => {
    expect(read({})).toEqual([]);
    const rule = rules[name];
    expect(read({ [name]: '' })).toEqual(rule?.nulls === 'never' ? [`${name} missing`] : []);
  });

  it.each(names.filter((name) => rules[name]?.level === 'mandatory'))('%s has to be there', (name) => {
    const header = names.filter((other) => other !== name);
    expect(() => createFocusReader(header, 'EUR')).toThrow(expect.objectContaining({ code: 'focus-column-missing' }));
  });

  it.each(rules['ChargeCategory']?.values ?? [])('ChargeCategory may be %s', (value) => {
    expect(read({ ChargeCategory: value })).toEqual([]);
  });

  it.each([
    ['ChargeCategory', 'usage', 'not-an-allowed-value'],
    ['ChargeCategory', 'Refund', 'not-an-allowed-value'],
    ['BilledCost', '1 1/2', 'not-a-number'],
    ['BilledCost', '35.24 x 10^7', 'not-a-number'],
    ['BilledCost', '$32', 'not-a-number'],
    ['BilledCost', '3,432,342', 'not-a-number'],
    ['EffectiveCost', '+333', 'not-a-number'],
    ['ChargePeriodStart', '2026-03-01T00:00:00+02:00', 'not-a-time'],
    ['BillingCurrency', 'USD', 'another-currency'],
    ['Tags', '{"team":{"name":"web"}}', 'not-a-json-object'],
    ['Tags', '["web"]', 'not-a-json-object'],
  ])('%s may not be %s', (name, value, reason) => {
    expect(read({ [name]: value })).toEqual([`${name} ${reason}`]);
  });
});
