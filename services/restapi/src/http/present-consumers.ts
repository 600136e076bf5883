import type { AllocationRow } from '@cloudtuner/cost-model';
import type { ConsumedResource, Consumer } from '../domain/consumers';
import type { QuotaLevel } from '../domain/usage';
import { presentMoney, secondsOf, type MoneyForm } from './present-costs';

function presentResource(resource: ConsumedResource) {
  const { requested, limit, usedAvg, usedP95, usedMax, efficiency, utilization } = resource;
  return { requested, limit, used_avg: usedAvg, used_p95: usedP95, used_max: usedMax, efficiency, utilization };
}

function presentQuota({ quota, resource, hard, used }: QuotaLevel) {
  const utilization = hard === null || used === null || hard <= 0 ? null : used / hard;
  return { quota, resource, hard, used, utilization };
}

/** Costs of a row; of a consumer without one they are not known. */
function presentRowCosts(row: AllocationRow | null, form: MoneyForm) {
  const money = (nanos: bigint | null): number | string | null => presentMoney(nanos, form);
  return {
    total_cost: money(row?.totalCost ?? null),
    cpu_cost: money(row?.costs.cpu_cost ?? null),
    ram_cost: money(row?.costs.ram_cost ?? null),
    gpu_cost: money(row?.costs.gpu_cost ?? null),
    pv_cost: money(row?.costs.pv_cost ?? null),
    network_cost: money(row?.costs.network_cost ?? null),
    load_balancer_cost: money(row?.costs.load_balancer_cost ?? null),
    management_cost: money(row?.costs.management_cost ?? null),
  };
}

function presentConsumer({ row, cpu, ram, efficiency }: Consumer, form: MoneyForm) {
  return {
    ...presentRowCosts(row, form),
    cpu: presentResource(cpu),
    ram: presentResource(ram),
    efficiency,
    started_at: row === null ? null : secondsOf(row.startMs),
    ended_at: row === null ? null : secondsOf(row.endMs),
    flags: [...(row?.flags ?? [])],
  };
}

/** One namespace. */
export function presentNamespace(consumer: Consumer, form: MoneyForm) {
  return {
    namespace: consumer.namespace,
    ...presentConsumer(consumer, form),
    quotas: consumer.quotas === null ? null : consumer.quotas.map(presentQuota),
  };
}

/** One workload. */
export function presentWorkload(consumer: Consumer, form: MoneyForm) {
  return {
    namespace: consumer.namespace,
    controller_kind: consumer.controllerKind,
    controller: consumer.controller,
    pods: consumer.pods,
    ...presentConsumer(consumer, form),
  };
}
