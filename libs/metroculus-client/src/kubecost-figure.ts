import { formatNanos, type KubecostRow } from '@cloudtuner/cost-model';
import type { KubecostFigure } from './statements-contract';

/** What Kubecost says of a container as it is sent and stored; the same whether it was scraped or asked for. */
export function kubecostFigureOf({ costs, quantities, ...row }: KubecostRow): KubecostFigure {
  return {
    cluster_id: row.clusterId,
    namespace: row.namespace,
    pod: row.pod,
    container: row.container,
    node: row.node,
    minutes: row.minutes,
    cpu_core_hours: quantities.cpuCoreHours ?? 0,
    ram_byte_hours: quantities.ramByteHours ?? 0,
    gpu_hours: quantities.gpuHours ?? 0,
    pv_byte_hours: quantities.pvByteHours ?? 0,
    network_transfer_bytes: quantities.networkTransferBytes ?? 0,
    network_receive_bytes: quantities.networkReceiveBytes ?? 0,
    cpu_cost: formatNanos(costs.cpu ?? 0n),
    ram_cost: formatNanos(costs.ram ?? 0n),
    gpu_cost: formatNanos(costs.gpu ?? 0n),
    pv_cost: formatNanos(costs.pv ?? 0n),
    network_cost: formatNanos(costs.network ?? 0n),
    load_balancer_cost: formatNanos(costs.load_balancer ?? 0n),
    shared_cost: formatNanos(costs.shared ?? 0n),
    external_cost: formatNanos(costs.external ?? 0n),
    other_cost: formatNanos(costs.other ?? 0n),
  };
}

/** A figure as a line of its stream, of which the lines of an hour are hashed. */
export function kubecostFigureLine(figure: KubecostFigure): string {
  return `${JSON.stringify(figure)}\n`;
}
