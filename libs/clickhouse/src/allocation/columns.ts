import { z } from 'zod';

/**
 * Quantities that add up over rows, with the grain in which they are added: sums are made of whole multiples of it, because a sum of
 * floating-point numbers depends on their order, and a day that is summed again must give the same bytes.
 */
const nanoHours = 1e9;
const milliBytes = 1e3;

const grainBySummedQuantity = {
  cpu_core_hours: nanoHours,
  cpu_core_request_hours: nanoHours,
  cpu_core_usage_hours: nanoHours,
  cpu_core_measured_request_hours: nanoHours,
  ram_byte_hours: milliBytes,
  ram_byte_request_hours: milliBytes,
  ram_byte_usage_hours: milliBytes,
  ram_byte_measured_request_hours: milliBytes,
  gpu_hours: nanoHours,
  gpu_usage_hours: nanoHours,
  gpu_measured_hours: nanoHours,
  pv_byte_hours: milliBytes,
  network_zone_bytes: milliBytes,
  network_region_bytes: milliBytes,
  network_internet_bytes: milliBytes,
  network_transmit_bytes: milliBytes,
  network_receive_bytes: milliBytes,
  load_balancer_hours: nanoHours,
} as const;

export type SummedQuantity = keyof typeof grainBySummedQuantity;

export const summedQuantities = Object.keys(grainBySummedQuantity) as readonly SummedQuantity[];

/** Of which the greatest is kept. */
export const maxima = ['cpu_core_usage_max', 'ram_byte_usage_max'] as const;

export const allocationCostColumns = [
  'cpu_cost',
  'ram_cost',
  'gpu_cost',
  'pv_cost',
  'network_zone_cost',
  'network_region_cost',
  'network_internet_cost',
  'network_cost',
  'load_balancer_cost',
  'management_cost',
] as const;

/** Columns that hourly facts do not have: the part of what was requested for which the usage is known, so that the two can be compared. */
const derived: Partial<Record<SummedQuantity, string>> = {
  cpu_core_measured_request_hours: 'if(isNull(f.cpu_core_usage_hours), NULL, f.cpu_core_request_hours)',
  ram_byte_measured_request_hours: 'if(isNull(f.ram_byte_usage_hours), NULL, f.ram_byte_request_hours)',
  gpu_measured_hours: 'if(isNull(f.gpu_usage_hours), NULL, f.gpu_hours)',
};

/** All measures of a rollup row, in the order of {@link sumsOf}. */
export const measureColumns: readonly string[] = [
  'fact_rows',
  'started_at',
  'ended_at',
  'covered_seconds',
  ...summedQuantities,
  ...maxima,
  ...allocationCostColumns,
  'total_cost',
  'flags',
];

/** What hourly facts have under another name or not at all. */
const ofHours: Readonly<Record<string, string>> = {
  fact_rows: 'toUInt64(1)',
  started_at: "toDateTime64(f.hour, 3, 'UTC') + toIntervalMillisecond(toInt64(round(f.started_seconds * 1000)))",
  ended_at: "toDateTime64(f.hour, 3, 'UTC') + toIntervalMillisecond(toInt64(round(f.ended_seconds * 1000)))",
  ...derived,
};

/** A measure of a rollup as an expression of hourly facts `f`. */
export const measureOfHours = (name: string): string => ofHours[name] ?? `f.${name}`;

/** The columns of hourly facts `f` under the names that the rollups have. */
export const measuresOfHours: readonly string[] = measureColumns.map((name) => `${measureOfHours(name)} AS ${name}`);

const exactSum = (column: string, grain: number): string =>
  `sum(toInt128(round(${column} * ${String(grain)}))) / ${String(grain)}`;

/** The quantities of a period's row, in the order of its array `quantities`, which has them as whole multiples of their grain. */
const periodQuantities = ['covered_seconds', ...summedQuantities] as const;

const grainOf = (name: (typeof periodQuantities)[number]): number =>
  name === 'covered_seconds' ? 1e3 : grainBySummedQuantity[name];

/** All measures of a period's row, in the order of {@link sumsOfPeriods}. */
export const periodMeasureColumns: readonly string[] = [
  'fact_rows',
  'started_at',
  'ended_at',
  'quantities',
  'maxima',
  'costs',
  'total_cost',
  'flags',
];

/** The measures of a rollup's row in the form of a period's; `valueOf` is the expression of a column. */
export function arraysOf(valueOf: (column: string) => string): readonly string[] {
  const wholes = periodQuantities.map((name) => `toInt128(round(${valueOf(name)} * ${String(grainOf(name))}))`);
  return [
    ...['fact_rows', 'started_at', 'ended_at'].map((name) => `${valueOf(name)} AS ${name}`),
    `[${wholes.join(', ')}] AS quantities`,
    `[${maxima.map(valueOf).join(', ')}] AS maxima`,
    `[${allocationCostColumns.map(valueOf).join(', ')}] AS costs`,
    ...['total_cost', 'flags'].map((name) => `${valueOf(name)} AS ${name}`),
  ];
}

/** Sums of the measures of periods' rows `s`; what is unknown in all of them stays unknown. */
export const sumsOfPeriods: readonly string[] = [
  'sum(s.fact_rows) AS fact_rows',
  'min(s.started_at) AS started_at',
  'max(s.ended_at) AS ended_at',
  'sumForEach(s.quantities) AS quantities',
  'maxForEach(s.maxima) AS maxima',
  'sumForEach(s.costs) AS costs',
  'sum(s.total_cost) AS total_cost',
  'arraySort(groupUniqArrayArray(s.flags)) AS flags',
];

/** What the arrays of a row say. */
export type NamedMeasures = Record<'covered_seconds', number> &
  Record<SummedQuantity | (typeof maxima)[number], number | null> &
  Record<(typeof allocationCostColumns)[number], string | null>;

/**
 * Gives a row the measures of its arrays under the names of their columns: quantities in hours, bytes and seconds, costs as decimals. The row itself, because a
 * copy of so many fields would take longer than all else.
 */
export function nameMeasures<Row extends object>(row: Row, arrays: MeasureArrays): Row & NamedMeasures {
  const named: Partial<Record<string, number | string | null>> = row;
  for (const [index, name] of periodQuantities.entries()) {
    const wholes = arrays.quantities[index] ?? null;
    named[name] = wholes === null ? null : Number(wholes) / grainOf(name);
  }
  for (const [index, name] of maxima.entries()) named[name] = arrays.maxima[index] ?? null;
  for (const [index, name] of allocationCostColumns.entries()) named[name] = arrays.costs[index] ?? null;
  return row as Row & NamedMeasures;
}

/** The measures of a period's row, or of sums of such, as ClickHouse answers. */
export const measureArrays = z.object({
  quantities: z.array(z.string().nullable()).length(periodQuantities.length),
  maxima: z.array(z.number().nullable()).length(maxima.length),
  costs: z.array(z.string().nullable()).length(allocationCostColumns.length),
});

export type MeasureArrays = z.infer<typeof measureArrays>;

/** Sums of the measures of rows `s`: exact for money, independent of the order of the rows for everything. */
export const sumsOf: readonly string[] = [
  'sum(s.fact_rows) AS fact_rows',
  'min(s.started_at) AS started_at',
  'max(s.ended_at) AS ended_at',
  `${exactSum('s.covered_seconds', 1e3)} AS covered_seconds`,
  ...summedQuantities.map((name) => `${exactSum(`s.${name}`, grainBySummedQuantity[name])} AS ${name}`),
  ...maxima.map((name) => `max(s.${name}) AS ${name}`),
  ...[...allocationCostColumns, 'total_cost'].map((name) => `sum(s.${name}) AS ${name}`),
  'arraySort(groupUniqArrayArray(s.flags)) AS flags',
];
