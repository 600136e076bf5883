import { rowsPerHour } from './sizes';

/** 2025-01-01T00:00:00Z, unix seconds. */
export const firstDay = 1_735_689_600;

/** Which rows to make up. */
export interface FactsOf {
  readonly pods: number;
  /** Days since {@link firstDay}. */
  readonly dayIndex: number;
  /** 24 for hours; 1 makes one row that stands for the whole day. */
  readonly hoursPerDay: 24 | 1;
}

/**
 * The rows of a day, the same in every run: pods that are replaced once a week, five to a workload, workloads of all sizes of which a fifth
 * uses more than it asks for, noise in every usage and in all traffic, eleven labels of which some change with each rollout.
 */
export function factsSql({ pods, dayIndex, hoursPerDay }: FactsOf): string {
  const { slots, nodes, namespaces, rows } = rowsPerHour(pods);
  const hours = String(24 / hoursPerDay);
  const n = (value: number): string => String(value);
  return `
WITH
  ${n(dayIndex)} AS day_index, intDiv(number, ${n(rows)}) AS h, number % ${n(rows)} AS slot,
  slot < ${n(slots)} AS is_container, NOT is_container AND slot < ${n(slots + nodes)} AS is_idle, slot - ${n(slots + nodes)} AS asset_number,
  if(slot < ${n(pods)}, slot, slot - ${n(pods)}) AS pod_number, intDiv(pod_number, 5) AS workload,
  intDiv(day_index + pod_number % 7, 7) AS generation,
  sipHash64(pod_number, generation) AS pod_hash, sipHash64(workload, 'w') AS workload_hash, sipHash64(number, day_index) AS noise,
  (noise % 10007) / 10007 AS noise_1, (intDiv(noise, 10007) % 10007) / 10007 AS noise_2, (intDiv(noise, 100140049) % 10007) / 10007 AS noise_3,
  pod_hash % ${n(nodes)} AS node_number,
  ['deployment', 'deployment', 'deployment', 'statefulset', 'daemonset', 'job'][workload_hash % 6 + 1] AS workload_kind,
  concat(['api', 'web', 'worker', 'cache', 'ingest', 'billing'][workload_hash % 6 + 1], '-', toString(workload)) AS workload_name,
  ['platform', 'payments', 'search', 'growth', 'data', 'mobile', 'infra', 'risk', 'ads', 'core'][intDiv(workload_hash, 7) % 10 + 1] AS team,
  lower(substring(hex(sipHash64(workload, generation)), 1, 10)) AS template_hash,
  [0.05, 0.1, 0.25, 0.5, 1., 2.][intDiv(workload_hash, 77) % 6 + 1] * ${hours} AS cores,
  [128, 256, 512, 1024, 2048, 4096][intDiv(workload_hash, 777) % 6 + 1] * 1048576. * ${hours} AS bytes,
  workload_hash % 5 = 0 AS is_busy,
  cores * if(is_busy, 0.8 + noise_1, 0.1 + 0.6 * noise_1) AS used_cores, bytes * if(is_busy, 0.9 + 0.4 * noise_2, 0.4 + 0.5 * noise_2) AS used_bytes,
  greatest(cores, used_cores) AS charged_cores, greatest(bytes, used_bytes) AS charged_bytes,
  is_container AND workload_hash % 25 = 1 AS has_volume, if(has_volume, 10737418240. * ${hours}, NULL) AS pv_bytes,
  toDecimal64(10 * 0.00005479452 * ${hours}, 9) AS volume_cost, noise_3 * 1e7 * ${hours} AS egress,
  concat('ip-10-', toString(intDiv(node_number, 250)), '-', toString(node_number % 250), '-17.internal') AS node_name
SELECT
  toDateTime(${n(firstDay)} + day_index * 86400 + h * 3600, 'UTC') AS hour,
  multiIf(is_container, 'container', is_idle, 'idle', 'unattributed') AS kind,
  multiIf(is_container, '', is_idle, 'node', asset_number = 0, 'management', 'disk') AS asset_type,
  multiIf(is_container, '', is_idle, concat('ip-10-', toString(intDiv(slot - ${n(slots)}, 250)), '-', toString((slot - ${n(slots)}) % 250), '-17.internal'),
          concat('asset-', toString(asset_number))) AS asset_key,
  multiIf(is_container, node_name, is_idle, asset_key, '') AS node,
  if(is_container OR is_idle, concat('aws:///eu-west-1a/i-0', lower(hex(sipHash64(node)))), '') AS provider_id,
  if(is_container, concat('team-', toString(workload_hash % ${n(namespaces)})), '') AS namespace,
  if(is_container, workload_kind, '') AS controller_kind, if(is_container, workload_name, '') AS controller,
  if(is_container, concat(workload_name, '-', template_hash, '-', lower(substring(hex(pod_hash), 1, 5))), '') AS pod,
  if(is_container, toString(reinterpretAsUUID(sipHash128(pod_number, generation))), '') AS pod_uid,
  if(is_container, if(slot < ${n(pods)}, 'app', 'istio-proxy'), '') AS container,
  if(is_container AND workload_hash % 2 = 0, [workload_name], []) AS services,
  if(is_container, map(
    'app', workload_name, 'team', team, 'app_kubernetes_io_component', ['backend', 'frontend', 'batch'][workload_hash % 3 + 1],
    'app_kubernetes_io_managed_by', 'Helm', 'app_kubernetes_io_version', concat('2024.', toString(generation)),
    'env', if(workload_hash % 4 = 0, 'staging', 'production'), 'helm_sh_chart', concat('service-1.', toString(workload_hash % 40)),
    'node_kubernetes_io_instance_type', ['m5.2xlarge', 'c5.4xlarge', 'r5.2xlarge'][node_number % 3 + 1], 'pod_template_hash', template_hash,
    'topology_kubernetes_io_region', 'eu-west-1', 'topology_kubernetes_io_zone', ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'][node_number % 3 + 1]
  ), map()) AS labels,
  if(is_container, map('owner', concat(team, '@example.com'), 'prometheus_io_scrape', 'true'), map()) AS annotations,
  0. AS started_seconds, 3600. * ${hours} AS ended_seconds, 3600. * ${hours} AS covered_seconds,
  multiIf(is_container, charged_cores, is_idle, (1 + noise_1) * ${hours}, NULL) AS cpu_core_hours,
  if(is_container, cores, NULL) AS cpu_core_request_hours, if(is_container, used_cores, NULL) AS cpu_core_usage_hours,
  if(is_container, used_cores / ${hours} * (1 + noise_3), NULL) AS cpu_core_usage_max,
  multiIf(is_container, charged_bytes, is_idle, 1e10 * (1 + noise_2) * ${hours}, NULL) AS ram_byte_hours,
  if(is_container, bytes, NULL) AS ram_byte_request_hours, if(is_container, used_bytes, NULL) AS ram_byte_usage_hours,
  if(is_container, used_bytes / ${hours} * (1 + 0.1 * noise_3), NULL) AS ram_byte_usage_max,
  CAST(NULL, 'Nullable(Float64)') AS gpu_hours, CAST(NULL, 'Nullable(Float64)') AS gpu_usage_hours, pv_bytes AS pv_byte_hours,
  if(is_container, egress * 0.3, NULL) AS network_zone_bytes, if(is_container, egress * 0.6, NULL) AS network_region_bytes,
  if(is_container, egress * 0.1, NULL) AS network_internet_bytes, if(is_container, egress, NULL) AS network_transmit_bytes,
  if(is_container, egress * noise_1, NULL) AS network_receive_bytes, CAST(NULL, 'Nullable(Float64)') AS load_balancer_hours,
  if(has_volume, [(concat('pvc-', toString(reinterpretAsUUID(sipHash128(pod_number)))), concat('data-', workload_name),
    concat('vol-', lower(hex(sipHash64(pod_number)))), pv_bytes, volume_cost)], []) AS volumes,
  multiIf(is_container, toDecimal64(charged_cores * 0.031611, 9), is_idle, toDecimal64((1 + noise_1) * ${hours} * 0.031611, 9), NULL) AS cpu_cost,
  multiIf(is_container, toDecimal64(charged_bytes / 1073741824 * 0.004237, 9), is_idle, toDecimal64(10 * (1 + noise_2) * ${hours} * 0.004237, 9), NULL) AS ram_cost,
  CAST(NULL, 'Nullable(Decimal(18, 9))') AS gpu_cost,
  multiIf(has_volume, volume_cost, NOT is_container AND NOT is_idle AND asset_number > 0, toDecimal64(asset_number * 0.0054 * ${hours}, 9), NULL) AS pv_cost,
  if(is_container, toDecimal64(0, 9), NULL) AS network_zone_cost, if(is_container, toDecimal64(0, 9), NULL) AS network_region_cost,
  if(is_container, toDecimal64(egress * 0.1 / 1073741824 * 0.12, 9), NULL) AS network_internet_cost, network_internet_cost AS network_cost,
  CAST(NULL, 'Nullable(Decimal(18, 9))') AS load_balancer_cost,
  if(NOT is_container AND NOT is_idle AND asset_number = 0, toDecimal64(0.1 * ${hours}, 9), NULL) AS management_cost,
  toDecimal64(ifNull(cpu_cost, 0) + ifNull(ram_cost, 0) + ifNull(pv_cost, 0) + ifNull(network_cost, 0) + ifNull(management_cost, 0), 9) AS total_cost,
  CAST([], 'Array(String)') AS flags
FROM numbers(${n(rows * hoursPerDay)})`;
}
