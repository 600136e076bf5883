import { Counter, Gauge, Histogram, type Registry } from '@cloudtuner/service-kit';
import type { LookupResult } from './account-cache';
import type { CheckPool } from './check-pool';
import type { InFlight } from './in-flight';
import type { LateData } from './late-data';
import type { KnownProtocol } from './ports';

/** Every metric of the gateway but the two by account. Labels are closed sets. */
export function createMetrics(registry: Registry) {
  const counter = <const L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name, help, labelNames, registers: [registry] });
  return {
    requests: counter('diproxy_requests_total', 'Writes answered, by status; `aborted` without an answer.', ['status']),
    refusedRequests: counter('diproxy_refused_requests_total', 'Writes not (or not wholly) stored, by reason.', [
      'reason',
    ]),
    receivedSamples: counter('diproxy_received_samples_total', 'Samples and histograms in decoded writes.', []),
    discardedSeries: counter('diproxy_discarded_series_total', 'Series refused for good, by reason.', ['reason']),
    renamedLabels: counter('diproxy_renamed_labels_total', 'Reserved labels renamed to exported_<name>.', []),
    receivedBytes: counter('diproxy_received_bytes_total', 'Compressed bytes of complete bodies.', []),
    decodedBytes: counter('diproxy_decoded_bytes_total', 'Bytes after decompression.', []),
    protocols: counter('diproxy_requests_by_protocol_total', 'Authenticated writes, by version of Remote Write.', [
      'protocol',
    ]),
    storeResponses: counter(
      'diproxy_store_responses_total',
      'What the store answered, by status; `timeout`, `connection` or `given_up` without an answer.',
      ['status'],
    ),
    storeRetries: counter('diproxy_store_retries_total', 'Second attempts after no connection to the store.', []),
    ignoredLimits: counter(
      'diproxy_ignored_limits_total',
      'Look-ups of accounts whose stored limits have an unknown or absurd entry, which has no effect.',
      [],
    ),
    touchedHours: counter(
      'diproxy_touched_hours_total',
      'Ended hours that got samples: `marked` for the worker, `too_old` or `dropped` and found by its daily sweep only.',
      ['outcome'],
    ),
    touchedHourFailures: counter('diproxy_touched_hours_failures_total', 'Times that marks could not be left.', []),
    threadFailures: counter('diproxy_thread_failures_total', 'Threads that ended by a failure.', []),
    accountLookups: counter<'result'>('diproxy_account_lookups_total', 'Account lookups, by how they were answered.', [
      'result',
    ]),
    requestSeconds: new Histogram({
      name: 'diproxy_request_duration_seconds',
      help: 'From the head of a write to its answer.',
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers: [registry],
    }),
    stageSeconds: new Histogram({
      name: 'diproxy_stage_duration_seconds',
      help: 'Time of one stage of a write; `wait` is for a thread, `forward` from sending to the store to its answer.',
      labelNames: ['stage'],
      buckets: [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers: [registry],
    }),
    storeProtocol: new Gauge({
      name: 'diproxy_store_protocol',
      help: '1 for the version of Remote Write that the store is taken to speak.',
      labelNames: ['version'],
      registers: [registry],
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;

/** Gauges that are read when they are scraped. */
export function exposeGauges(
  registry: Registry,
  parts: { inFlight: InFlight; checks: CheckPool; lateData: LateData | undefined },
): void {
  const { inFlight, checks, lateData } = parts;
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
  gauge('diproxy_in_flight_requests_limit', 'Most writes in flight; more get 503.', () => inFlight.limits.maxRequests);
  gauge('diproxy_in_flight_bytes_limit', 'Most bytes of bodies held; more get 503.', () => inFlight.limits.maxBytes);
  gauge('diproxy_touched_hours_pending', 'Hours that wait to be marked.', () => lateData?.pendingCount ?? 0);
  gauge('diproxy_threads', 'Threads that check large bodies.', () => checks.threadCount);
  gauge('diproxy_thread_queue', 'Large bodies that wait for a thread.', () => checks.queuedCount);
}

const knownProtocols: readonly KnownProtocol[] = ['1', '2', 'unknown'];

/** Shows what the store is taken to speak. */
export function showStoreProtocol(metrics: Metrics, current: KnownProtocol): void {
  for (const version of knownProtocols) metrics.storeProtocol.set({ version }, version === current ? 1 : 0);
}

/** Counts an account lookup. */
export function countLookup(metrics: Metrics): (result: LookupResult) => void {
  return (result) => {
    metrics.accountLookups.inc({ result });
  };
}
