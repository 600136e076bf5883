import { allocationCosts, type AllocationProperties, type AllocationQuantity } from '@cloudtuner/cost-model';
import type { Organization } from '@cloudtuner/metadata';
import type { ExportColumn, Placed } from '../domain/exports/export-column';
import { focusChargesOf, type FocusCharge } from '../domain/exports/focus-charges';
import type { DayAllocation } from '../usecases/exports/export-allocations';
import type { ExportedExpense } from '../usecases/exports/export-clean-expenses';

const msPerDay = 86_400_000;

const text = <Row>(name: string, of: (row: Row) => string | null): ExportColumn<Row> => ({ name, kind: 'text', of });
const orNull = (value: string): string | null => (value === '' ? null : value);

/** Columns of the expenses of an organization. */
export const expenseColumns: readonly ExportColumn<Placed<ExportedExpense>>[] = [
  text('row_type', ({ kind }) => kind),
  text('cloud_account_id', ({ cloudAccountId }) => orNull(cloudAccountId)),
  text('cloud_account_name', ({ cloudAccountName }) => orNull(cloudAccountName)),
  text('resource_id', ({ resourceId }) => orNull(resourceId)),
  text('resource_type', ({ resourceType }) => orNull(resourceType)),
  text('name', ({ name }) => orNull(name)),
  text('service_name', ({ serviceName }) => orNull(serviceName)),
  text('region', ({ region }) => orNull(region)),
  text('owner', ({ owner }) => orNull(owner)),
  text('pool_id', ({ poolId }) => orNull(poolId)),
  text('employee_id', ({ employeeId }) => orNull(employeeId)),
  { name: 'cost', kind: 'amount', of: ({ cost }) => cost },
  { name: 'billed_cost', kind: 'amount', of: ({ billedCost }) => billedCost },
  text('cursor', ({ cursor }) => cursor),
];

const quantities: readonly AllocationQuantity[] = [
  'cpu_core_hours',
  'cpu_core_request_hours',
  'cpu_core_usage_hours',
  'ram_byte_hours',
  'ram_byte_request_hours',
  'ram_byte_usage_hours',
  'gpu_hours',
  'pv_byte_hours',
  'network_transmit_bytes',
  'network_receive_bytes',
];

const names: readonly (keyof AllocationProperties & ('namespace' | 'controllerKind' | 'controller' | 'pod'))[] = [
  'namespace',
  'controllerKind',
  'controller',
  'pod',
];
const columnOf = { namespace: 'namespace', controllerKind: 'controller_kind', controller: 'controller', pod: 'pod' };

/** Columns of allocations. */
export const allocationColumns: readonly ExportColumn<Placed<DayAllocation>>[] = [
  { name: 'start', kind: 'time', of: ({ dayMs }) => dayMs },
  { name: 'end', kind: 'time', of: ({ dayMs }) => dayMs + msPerDay },
  text('cloud_account_id', ({ account }) => account.id),
  text('cloud_account_name', ({ account }) => account.name),
  text('name', ({ row }) => row.name),
  ...names.map((name) => text<Placed<DayAllocation>>(columnOf[name], ({ row }) => orNull(row.properties[name]))),
  { name: 'total_cost', kind: 'amount', of: ({ row }) => row.totalCost },
  ...allocationCosts.map((name): ExportColumn<Placed<DayAllocation>> => ({
    name,
    kind: 'amount',
    of: ({ row }) => row.costs[name],
  })),
  ...quantities.map((name): ExportColumn<Placed<DayAllocation>> => ({
    name,
    kind: 'quantity',
    of: ({ row }) => row.quantities[name],
  })),
  text('cursor', ({ cursor }) => cursor),
];

/** A charge of an allocation. */
export interface FocusRow extends DayAllocation {
  readonly charge: FocusCharge;
}

/** The charges of an allocation as rows. */
export const focusRowsOf = (allocation: DayAllocation): FocusRow[] =>
  focusChargesOf(allocation.row).map((charge) => ({ ...allocation, charge }));

/** Of FOCUS 1.2, ServiceCategory. */
const categories: Readonly<Record<FocusCharge['component'], string>> = {
  cpu_cost: 'Compute',
  ram_cost: 'Compute',
  gpu_cost: 'Compute',
  pv_cost: 'Storage',
  network_cost: 'Networking',
  load_balancer_cost: 'Networking',
  management_cost: 'Management and Governance',
  unattributed: 'Other',
};

const provider = 'CloudTuner';
const startOfMonth = (dayMs: number, months = 0): number => {
  const date = new Date(dayMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1);
};

function tagsOf({ row }: FocusRow): string {
  const known = names.map((name) => [`k8s_${columnOf[name]}`, row.properties[name]] as const);
  return JSON.stringify(Object.fromEntries(known.filter(([, value]) => value !== '')));
}

/**
 * All mandatory columns of FOCUS 1.2, those of the others that are known, and `x_` ones of our own. Unit prices are not among
 * them: quantities are sums of many hours, and a price that is computed back from a rounded cost gives another cost.
 */
export function focusColumns({ id, name, currency }: Organization): readonly ExportColumn<Placed<FocusRow>>[] {
  type Row = Placed<FocusRow>;
  const cost = (column: string): ExportColumn<Row> => ({
    name: column,
    kind: 'amount',
    of: ({ charge }) => charge.cost,
  });
  const time = (column: string, of: (dayMs: number) => number): ExportColumn<Row> => ({
    name: column,
    kind: 'time',
    of: ({ dayMs }) => of(dayMs),
  });
  const is = (column: string, value: string | null): ExportColumn<Row> => text(column, () => value);
  return [
    // Nothing here is on an invoice: the provider of the machines sends that.
    { name: 'BilledCost', kind: 'amount', of: () => 0n },
    is('BillingAccountId', id),
    is('BillingAccountName', name),
    is('BillingAccountType', 'Organization'),
    is('BillingCurrency', currency),
    time('BillingPeriodEnd', (dayMs) => startOfMonth(dayMs, 1)),
    time('BillingPeriodStart', startOfMonth),
    is('ChargeCategory', 'Usage'),
    is('ChargeClass', null),
    text('ChargeDescription', ({ row, charge }) => `${charge.component.replace(/_cost$/, '')} of ${row.name}`),
    is('ChargeFrequency', 'Usage-Based'),
    time('ChargePeriodEnd', (dayMs) => dayMs + msPerDay),
    time('ChargePeriodStart', (dayMs) => dayMs),
    { name: 'ConsumedQuantity', kind: 'quantity', of: ({ charge }) => charge.quantity },
    text('ConsumedUnit', ({ charge }) => charge.unit),
    cost('ContractedCost'),
    cost('EffectiveCost'),
    is('InvoiceIssuerName', provider),
    cost('ListCost'),
    { name: 'PricingQuantity', kind: 'quantity', of: ({ charge }) => charge.quantity },
    text('PricingUnit', ({ charge }) => charge.unit),
    is('ProviderName', provider),
    is('PublisherName', provider),
    text('RegionId', ({ account }) => account.region),
    // Mandatory beside RegionId; an account has one name for its region.
    text('RegionName', ({ account }) => account.region),
    text('ResourceId', ({ account, row }) => `${account.id}/${row.name}`),
    text('ResourceName', ({ row }) => row.name),
    text('ResourceType', ({ row }) => orNull(row.properties.controllerKind) ?? 'Kubernetes allocation'),
    text('ServiceCategory', ({ charge }) => categories[charge.component]),
    is('ServiceName', 'Kubernetes'),
    text('SubAccountId', ({ account }) => account.id),
    text('SubAccountName', ({ account }) => account.name),
    is('SubAccountType', 'Kubernetes cluster'),
    text('Tags', tagsOf),
    text('x_Component', ({ charge }) => charge.component),
    text('x_Cursor', ({ cursor }) => cursor),
  ];
}
