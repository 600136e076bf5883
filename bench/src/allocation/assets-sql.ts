import { firstDay } from './facts-sql';

/** Writes the assets of a day, the same in every run: two of five are nodes, the others disks, each with four properties. */
export function insertAssets(assets: number, dayIndex: number): string {
  const n = (value: number): string => String(value);
  return `
INSERT INTO asset_hours (cloud_account_id, hour, data_version, asset_type, asset_key, provider_id, properties, covered_seconds,
  cpu_core_hours, ram_byte_hours, storage_byte_hours, cpu_cost, ram_cost, pv_cost, total_cost)
WITH
  number % ${n(assets)} AS slot, slot % 5 < 2 AS is_node,
  toDateTime(${n(firstDay + dayIndex * 86_400)} + intDiv(number, ${n(assets)}) * 3600, 'UTC') AS start,
  if(is_node, toDecimal64(0.25 + (slot % 77) * 0.00001, 9), NULL) AS cpu,
  if(is_node, toDecimal64(0.12, 9), NULL) AS ram,
  if(is_node, NULL, toDecimal64(0.001, 9)) AS pv
SELECT
  {account:UUID}, start, lower(hex(SHA256(toString(toUnixTimestamp(start))))), if(is_node, 'node', 'disk'),
  concat(if(is_node, 'ip-10-0-', 'pvc-'), toString(slot)), concat('aws:///eu-west-1a/i-0', toString(slot)),
  map('instance_type', 'm5.2xlarge', 'region', 'eu-west-1', 'zone', 'eu-west-1a', 'spot', 'false'), 3600,
  if(is_node, 8, NULL), if(is_node, 32e9, NULL), if(is_node, NULL, 1e10), cpu, ram, pv,
  toDecimal64(ifNull(cpu, 0) + ifNull(ram, 0) + ifNull(pv, 0), 9)
FROM numbers(${n(assets * 24)})`;
}
