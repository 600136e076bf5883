import { quantityOf } from '../charge';
import { lengthMs, type StepFunction } from '../intervals';
import type { TimeWindow } from '../window';
import type { ContainerRecord } from './container-record';
import type { PodRecord } from './pod-record';
import { rowDraft, type RowDraft } from './row-draft';

/** A container's row, and what it was read from. */
export interface ContainerRow {
  readonly draft: RowDraft;
  readonly record: ContainerRecord;
}

/** A pod and the rows of its containers. */
export interface PodRows {
  readonly pod: PodRecord;
  readonly rows: readonly ContainerRow[];
}

/** First and last known moment, from the beginning of the window, and the time in between that is known. */
export function timesOf(known: StepFunction, { startMs, endMs }: TimeWindow) {
  const seconds = (ms: number): number => Math.round(ms) / 1000;
  return {
    started_seconds: seconds((known[0]?.startMs ?? startMs) - startMs),
    ended_seconds: seconds((known.at(-1)?.endMs ?? Math.min(startMs, endMs)) - startMs),
    covered_seconds: seconds(lengthMs(known)),
  };
}

const share = (whole: number | null, parts: number): number | null => (whole === null ? null : whole / parts);

function containerDraft(pod: PodRecord, record: ContainerRecord, window: TimeWindow): RowDraft {
  const bytes = (traffic: 'zone' | 'region' | 'internet'): number | null =>
    share(quantityOf(pod.egress.get(traffic) ?? null), pod.containers.length);
  return rowDraft(
    {
      kind: 'container',
      node: pod.node,
      provider_id: pod.providerId,
      namespace: pod.namespace,
      controller_kind: pod.controller.kind,
      controller: pod.controller.name,
      pod: pod.pod,
      pod_uid: pod.uid,
      container: record.container,
      services: [...pod.services],
      labels: pod.labels,
      annotations: pod.annotations,
      ...timesOf(record.running, window),
      cpu_core_hours: quantityOf(record.charges.cpu),
      cpu_core_request_hours: record.requested.cpu,
      cpu_core_usage_hours: record.used.cpu,
      cpu_core_usage_max: record.usedMax.cpu,
      ram_byte_hours: quantityOf(record.charges.ram),
      ram_byte_request_hours: record.requested.ram,
      ram_byte_usage_hours: record.used.ram,
      ram_byte_usage_max: record.usedMax.ram,
      gpu_hours: quantityOf(record.charges.gpu),
      gpu_usage_hours: record.used.gpu,
      network_zone_bytes: bytes('zone'),
      network_region_bytes: bytes('region'),
      network_internet_bytes: bytes('internet'),
      network_transmit_bytes: share(pod.transmittedBytes, pod.containers.length),
      network_receive_bytes: share(pod.receivedBytes, pod.containers.length),
    },
    record.flags,
  );
}

/** Rows without any cost yet, in the order of the pods. */
export function containerRows(pods: readonly PodRecord[], window: TimeWindow): PodRows[] {
  return pods.map((pod) => ({
    pod,
    rows: pod.containers.map((record) => ({ record, draft: containerDraft(pod, record, window) })),
  }));
}
