import { createRemoteWriteClient } from '@cloudtuner/remote-write';
import type { StoreAddress } from '@cloudtuner/test-kit';

export type Labels = Readonly<Record<string, string>>;

/** A series as a cluster's Prometheus would push it. */
export interface PushedSeries {
  readonly labels: Labels;
  readonly samples: readonly (readonly [timestampMs: number, value: number])[];
}

const minuteMs = 60_000;

/** One sample a minute from one minute after `zeroMs` to another, both included, without those that `skip` names. */
export function eachMinute(
  labels: Labels,
  value: number | ((minute: number) => number),
  span: { readonly zeroMs: number; readonly from: number; readonly to: number; skip?(minute: number): boolean },
): PushedSeries {
  const minutes = Array.from({ length: span.to - span.from + 1 }, (_, index) => span.from + index);
  return {
    labels,
    samples: minutes
      .filter((minute) => span.skip?.(minute) !== true)
      .map((minute) => [span.zeroMs + minute * minuteMs, typeof value === 'number' ? value : value(minute)] as const),
  };
}

/** Stores series as the gateway does: Thanos is told the tenant by a header, Prometheus by a label. */
export async function pushSeries(
  store: StoreAddress,
  tenantId: string,
  series: readonly PushedSeries[],
): Promise<void> {
  const writer = createRemoteWriteClient({ url: store.writeUrl, accountId: tenantId });
  const tenantLabel = store.writeUrl.endsWith('/receive') ? {} : { tenant_id: tenantId };
  await writer.push({
    timeseries: series.map(({ labels, samples }) => ({
      labels: Object.entries({ ...labels, ...tenantLabel })
        .map(([name, value]) => ({ name, value }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
      samples: samples.map(([timestampMs, value]) => ({ timestampMs, value })),
    })),
  });
  await writer.close();
}
