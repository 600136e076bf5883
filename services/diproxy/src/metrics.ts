import type { ErrorCode } from '@cloudtuner/errors';
import { Counter, Gauge, Histogram, type Registry } from '@cloudtuner/service-kit';
import type { LookupResult } from './account-cache';
import type { InFlight } from './in-flight';

/** A code of the error catalogue as a label value. */
export function reasonLabel(code: ErrorCode): string {
  return code.replaceAll('-', '_');
}

/** Every metric of the gateway. Labels are closed sets; the account is in the log, not here. */
export function createMetrics(registry: Registry) {
  const counter = <const L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name, help, labelNames, registers: [registry] });
  return {
    requests: counter('diproxy_requests_total', 'Writes answered, by status; `aborted` without an answer.', ['status']),
    refusedRequests: counter('diproxy_refused_requests_total', 'Writes not (or not wholly) stored, by reason.', [
      'reason',
    ]),
    receivedSamples: counter('diproxy_received_samples_total', 'Samples and histograms in decoded writes.', []),
    acceptedSamples: counter('diproxy_accepted_samples_total', 'Samples and histograms the store has taken.', []),
    discardedSamples: counter('diproxy_discarded_samples_total', 'Samples refused for good, by reason.', ['reason']),
    discardedSeries: counter('diproxy_discarded_series_total', 'Series refused for good, by reason.', ['reason']),
    renamedLabels: counter('diproxy_renamed_labels_total', 'Reserved labels renamed to exported_<name>.', []),
    receivedBytes: counter('diproxy_received_bytes_total', 'Compressed bytes of complete bodies.', []),
    decodedBytes: counter('diproxy_decoded_bytes_total', 'Bytes after decompression.', []),
    storeResponses: counter('diproxy_store_responses_total', 'What the store answered, by status.', ['status']),
    accountLookups: counter<'result'>('diproxy_account_lookups_total', 'Account lookups, by how they were answered.', [
      'result',
    ]),
    requestSeconds: new Histogram({
      name: 'diproxy_request_duration_seconds',
      help: 'From the head of a write to its answer.',
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers: [registry],
    }),
    storeSeconds: new Histogram({
      name: 'diproxy_store_duration_seconds',
      help: 'From sending a write to the store to its answer.',
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers: [registry],
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;

/** Gauges that read the budget when they are scraped. */
export function exposeInFlight(registry: Registry, inFlight: InFlight): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
  gauge('diproxy_in_flight_requests', 'Writes between a complete body and its answer.', () => inFlight.requests);
  gauge('diproxy_in_flight_bytes', 'Bytes of bodies held.', () => inFlight.bytes);
}

/** Counts an account lookup. */
export function countLookup(metrics: Metrics): (result: LookupResult) => void {
  return (result) => {
    metrics.accountLookups.inc({ result });
  };
}
