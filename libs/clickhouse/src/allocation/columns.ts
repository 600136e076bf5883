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

/** The columns of hourly facts `f` under the names that the rollups have. */
export const measuresOfHours: readonly string[] = [
  'toUInt64(1) AS fact_rows',
  "toDateTime64(f.hour, 3, 'UTC') + toIntervalMillisecond(toInt64(round(f.started_seconds * 1000))) AS started_at",
  "toDateTime64(f.hour, 3, 'UTC') + toIntervalMillisecond(toInt64(round(f.ended_seconds * 1000))) AS ended_at",
  'f.covered_seconds AS covered_seconds',
  ...summedQuantities.map((name) => `${derived[name] ?? `f.${name}`} AS ${name}`),
  ...[...maxima, ...allocationCostColumns, 'total_cost', 'flags'].map((name) => `f.${name} AS ${name}`),
];

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

const exactSum = (column: string, grain: number): string =>
  `sum(toInt128(round(${column} * ${String(grain)}))) / ${String(grain)}`;

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
