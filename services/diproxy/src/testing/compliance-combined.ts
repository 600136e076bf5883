import {
  about,
  described,
  full,
  gauge,
  good,
  histogramOf,
  hourMs,
  minuteMs,
  named,
  one,
  seconds,
  trace,
  traced,
  type,
  type ComplianceCase,
} from './compliance-cases';
import type { ComplianceSeries } from './compliance-request';

const fifty = Array.from({ length: 50 }, (_, index) => index);
const manySamples: readonly ComplianceSeries[] = fifty.map((i) =>
  traced(
    { labels: named(`counter_metric_${String(i)}`), value: i * 100, metadata: about(type.counter) },
    trace(String(i)),
  ),
);
const manyHistograms: readonly ComplianceSeries[] = fifty.map((i) => {
  const histogram = { sum: i / 10, positive: true, negative: i % 2 === 0, zero: true };
  return traced({ labels: named(`histogram_metric_${String(i)}`), histogram, metadata: seconds }, trace(String(i)));
});

/** The cases about several kinds of content at once. */
export const combinedCases: readonly ComplianceCase[] = [
  one(
    'samples with metadata and exemplars',
    traced(described(named('post_total', { method: 'POST' })), trace('request')),
  ),
  one(
    'histograms with metadata and exemplars',
    traced({ ...histogramOf('auth_seconds', full(0.456)), metadata: seconds }, trace('slow')),
  ),
  one('complex samples', traced(gauge('cpu_ratio', 0.85), trace('high_cpu')), gauge('memory_bytes', 8_589_934_592)),
  one(
    'complex histograms',
    traced(
      { ...histogramOf('response_time_hist', { sum: 0.125, positive: true, zero: true }), metadata: seconds },
      trace('fast'),
    ),
    { ...histogramOf('request_size_hist', { sum: 1024, negative: true, zero: true }), metadata: seconds },
  ),
  one(
    'multiple families of samples',
    traced(described(named('ok_total', { status: '200' })), trace('ok')),
    gauge('temperature_celsius', 23.5),
  ),
  one(
    'multiple families of histograms',
    traced({ ...histogramOf('handler_seconds', full(0.003)), metadata: seconds }, trace('scrape')),
  ),
  {
    name: 'edge cases',
    requests: [
      {
        ...good('metadata alone', { labels: named('orphan_metric'), metadata: about(type.counter) }),
        mayBeRefused: true,
      },
      {
        ...good('an exemplar alone', {
          labels: named('orphan_exemplar'),
          exemplar: { labels: trace('orphan'), value: 42 },
        }),
        mayBeRefused: true,
      },
      good(
        'different times',
        traced({ labels: named('old_metric'), value: 1, offsetMs: -hourMs }, trace('old'), -30 * minuteMs),
        { labels: named('new_metric'), value: 2 },
      ),
    ],
  },
  one('many samples', ...manySamples),
  one('many histograms', ...manyHistograms),
  one(
    'special characters',
    traced(
      {
        ...gauge('special_metric', 42, { job: 'test-job_with.special@chars', environment: 'test🚀' }),
        metadata: about(type.gauge, 'äöü, newlines\nand "quotes"', 'special/units'),
      },
      trace('special_trace_äöü-123', { span_id: 'span_with.dots-and_underscores' }),
    ),
  ),
  one(
    'custom buckets with exemplar',
    traced(histogramOf('custom_latency_hist', { sum: 0.05, customBuckets: true }), trace('custom')),
  ),
];
