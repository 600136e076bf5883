import type { ComplianceSeries, HistogramShape, LabelMap } from './compliance-request';

/** One request of a case, and what a receiver has to say of it. */
export interface ComplianceRequest {
  readonly what: string;
  readonly series: readonly ComplianceSeries[];
  /** Stored as a whole, or else 400. */
  readonly stored: boolean;
  /** Of a refused request, how many samples are stored all the same. Default 0. */
  readonly samplesKept?: number;
  /** Needs a store that takes any UTF-8 as a name; one that does not has to say 400. */
  readonly utf8Names?: boolean;
  /** Without a sample or histogram: a receiver may refuse such a series. */
  readonly mayBeRefused?: boolean;
}

/** One test of the receiver suite of prometheus/compliance. */
export interface ComplianceCase {
  readonly name: string;
  readonly requests: readonly ComplianceRequest[];
}

export const hourMs = 3_600_000;
export const minuteMs = 60_000;
export const type = {
  unspecified: 0,
  counter: 1,
  gauge: 2,
  histogram: 3,
  gaugeHistogram: 4,
  summary: 5,
  info: 6,
  stateset: 7,
};

const up = (instance: string): LabelMap => ({ __name__: 'up', job: 'testjob', instance: `localhost:${instance}` });
export const named = (name: string, more: LabelMap = {}): LabelMap => ({ __name__: name, ...more });
export const about = (kind: number, help = 'What it is about', unit = '') => ({ type: kind, help, unit });
export const trace = (id: string, more: LabelMap = {}): LabelMap => ({ trace_id: id, ...more });
export const good = (what: string, ...series: ComplianceSeries[]): ComplianceRequest => ({
  what,
  series,
  stored: true,
});
const bad = (what: string, ...series: ComplianceSeries[]): ComplianceRequest => ({ what, series, stored: false });
export const one = (name: string, ...series: ComplianceSeries[]): ComplianceCase => ({
  name,
  requests: [good(name, ...series)],
});

/** A series with an exemplar of the same value. */
export const traced = (series: ComplianceSeries, labels: LabelMap, exemplarOffsetMs = 0): ComplianceSeries => ({
  ...series,
  exemplar: { labels, value: series.value ?? series.histogram?.sum ?? 0, offsetMs: exemplarOffsetMs },
});

const values: readonly (readonly [string, Pick<ComplianceSeries, 'value' | 'valueBits'>])[] = [
  ['1', { value: 1 }],
  ['a stale marker', { valueBits: 0x7ff0000000000002n }],
  ['NaN', { valueBits: 0x7ff8000000000001n }],
  ['+Inf', { value: Infinity }],
  ['-Inf', { value: -Infinity }],
];

const metrics: readonly ComplianceCase[] = [
  {
    name: 'single metric',
    requests: values.flatMap(([shown, value]) => [
      good(`${shown}: a name`, { labels: named('up'), ...value }),
      good(`${shown}: labels`, { labels: up('9090'), ...value }),
      good(`${shown}: line feeds`, { labels: { ...up('9090'), job: 'test\njob\n' }, ...value }),
      ...['resource.cpu.usage', 'resource cpu usage'].map((name) => ({
        ...good(`${shown}: ${name}`, { labels: { __name__: name, [`job${name.charAt(8)}name`]: 'testjob' }, ...value }),
        utf8Names: true,
      })),
      bad(`${shown}: no name`, { labels: { job: 'testjob' }, ...value }),
      bad(`${shown}: no labels`, { labels: {}, ...value }),
    ]),
  },
  one('counter with created timestamp', {
    labels: named('http_requests_total', { job: 'created' }),
    value: 100,
    createdOffsetMs: -hourMs,
  }),
  {
    name: 'multiple metrics',
    requests: values.flatMap(([shown, value]) => {
      const four = ['9190', '9191', '9192', '9193'].map((port) => ({ labels: up(port), ...value }));
      const nameless = four.map(({ labels }) => ({
        labels: { job: 'testjob', instance: labels['instance'] ?? '' },
        ...value,
      }));
      return [
        good(`${shown}: four`, ...four),
        bad(`${shown}: four without a name`, ...nameless),
        { ...bad(`${shown}: one of four without a name`, ...nameless.slice(0, 1), ...four.slice(1)), samplesKept: 3 },
      ];
    }),
  },
];

const histogramShapes: readonly (readonly [string, Omit<HistogramShape, 'sum'>, LabelMap?])[] = [
  ['all buckets', { positive: true, negative: true, zero: true }],
  ['custom buckets', { customBuckets: true }],
  ['positive buckets', { positive: true, zero: true }, { job: 'test' }],
  ['negative buckets', { negative: true }, { instance: 'localhost' }],
  ['the zero bucket', { zero: true }],
];
export const histogramOf = (name: string, histogram: HistogramShape, more: LabelMap = {}): ComplianceSeries => ({
  labels: named(name, more),
  histogram,
});
export const full = (sum: number): HistogramShape => ({ sum, positive: true, negative: true, zero: true });
export const seconds = about(type.histogram, 'Request duration in seconds', 'seconds');
const durations = histogramOf('request_duration_seconds', full(2.5), { job: 'api' });

const histograms: readonly ComplianceCase[] = [
  {
    name: 'histograms',
    requests: [
      ...histogramShapes.map(([what, shape, more]) =>
        good(what, histogramOf('test_histogram', { sum: 1, ...shape }, { ...more, shape: what })),
      ),
      bad('a wrong count', histogramOf('bad_histogram', { sum: 1, positive: true, wrongCount: true })),
    ],
  },
  one('histogram with created timestamp', { ...durations, createdOffsetMs: -30 * minuteMs }),
  one(
    'multiple histograms',
    histogramOf('hist1', { sum: 10.5, positive: true, zero: true }, { job: 'test' }),
    histogramOf('hist2', { sum: 5.2, negative: true }, { job: 'test' }),
  ),
  one('empty histogram', histogramOf('empty_hist', { sum: 0 })),
  one('histogram with metadata', { ...durations, metadata: seconds }),
  one(
    'histogram with exemplar',
    traced({ ...durations, labels: named('traced_hist') }, trace('abc', { span_id: 's1' })),
  ),
  one(
    'histogram with metadata and exemplar',
    traced(
      { ...histogramOf('response_size_bytes', full(10_485_760)), metadata: seconds },
      trace('large', { user_id: 'u' }),
    ),
  ),
  one(
    'multiple histograms with metadata',
    { ...histogramOf('cpu_usage_histogram', { sum: 0.75, positive: true, zero: true }), metadata: seconds },
    {
      ...histogramOf('memory_usage_histogram', { sum: 8_589_934_592, positive: true, negative: true }),
      metadata: seconds,
    },
  ),
];

const exemplarLabels: readonly (readonly [string, LabelMap])[] = [
  ['a trace', trace('abc123def456')],
  ['a span', trace('xyz789', { span_id: 'span123' })],
  ['no trace', { user_id: 'user123' }],
  ['several labels', trace('trace456', { user: 'admin', endpoint: '/login' })],
  ['no labels', {}],
  ['special characters', trace('trace-with-dashes_and_underscores.123')],
  ['unicode', trace('unicode_trace_测试')],
];
const withName = (what: string, labels: LabelMap, stored: boolean): ComplianceRequest => ({
  what,
  series: [traced({ labels, value: 1 }, trace('test_trace'))],
  stored,
});

const exemplars: readonly ComplianceCase[] = [
  {
    name: 'exemplars',
    requests: exemplarLabels.map(([what, labels], index) =>
      good(what, traced({ labels: named('exemplar_test', { region: `🌍${String(index)}` }), value: index }, labels)),
    ),
  },
  one(
    'exemplar with created timestamp',
    traced({ labels: named('exemplars_total'), value: 250, createdOffsetMs: -2 * hourMs }, trace('abc123')),
  ),
  one(
    'multiple exemplars',
    traced({ labels: named('request_duration', { method: 'GET' }), value: 0.1 }, trace('trace1')),
    traced({ labels: named('request_duration', { method: 'POST' }), value: 0.25 }, trace('trace2')),
    traced({ labels: named('error_count', { service: 'payment' }), value: 1 }, trace('trace3')),
  ),
  one(
    'exemplar timestamps',
    ...([-hourMs, -minuteMs, 0] as const).map((offsetMs) =>
      traced({ labels: named('latency_hist'), value: 0.05, offsetMs }, trace(`at ${String(offsetMs)}`), offsetMs),
    ),
  ),
  {
    name: 'exemplar validation',
    requests: [
      withName('no name', { job: 'test' }, false),
      withName('an empty name', { __name__: '' }, false),
      withName('a name', named('valid_metric'), true),
    ],
  },
  {
    name: 'exemplar special values',
    requests: [0, -123.456, 1e10, 1e-10, NaN, Infinity, -Infinity].map((value, index) =>
      good(
        String(value),
        traced({ labels: named('special_value', { index: String(index) }), value }, trace('special')),
      ),
    ),
  },
];

const kinds: readonly (readonly [string, number, string, string])[] = [
  ['counter', type.counter, 'Total number of HTTP requests', 'requests'],
  ['gauge', type.gauge, 'Current CPU usage percentage', 'percent'],
  ['histogram', type.histogram, 'Request duration in seconds', 'seconds'],
  ['no help and no unit', type.counter, '', ''],
  ['special characters', type.gauge, 'Test metric with\nnewlines and "quotes"', 'bytes/sec'],
  ['unspecified', type.unspecified, 'Unknown metric type', ''],
  ['info', type.info, 'Build information', ''],
  ['stateset', type.stateset, 'Node state information', ''],
  ['summary', type.summary, 'Request latency summary', 'seconds'],
  ['gauge histogram', type.gaugeHistogram, 'Temperature distribution', 'celsius'],
];
export const gauge = (name: string, value: number, more: LabelMap = {}): ComplianceSeries => ({
  labels: named(name, more),
  value,
  metadata: about(type.gauge),
});
export const described = (labels: LabelMap): ComplianceSeries => ({ labels, value: 1, metadata: about(type.counter) });

const metadata: readonly ComplianceCase[] = [
  {
    name: 'metadata',
    requests: kinds.map(([what, kind, help, unit]) => {
      const content = kind === type.histogram ? { histogram: full(1) } : { value: 1 };
      return good(what, {
        labels: named(`metadata_${what.replaceAll(' ', '_')}`),
        ...content,
        metadata: about(kind, help, unit),
      });
    }),
  },
  one('counter metadata with created timestamp', { ...described(named('created_total')), createdOffsetMs: -hourMs }),
  one('metadata with samples', described(named('described_total', { job: 'test' }))),
  one(
    'multiple metadata',
    gauge('cpu_usage', 85.5),
    gauge('memory_usage', 4.096e9),
    gauge('disk_usage', 75.2, { device: 'sda1' }),
  ),
  one('metadata with complex labels', {
    ...histogramOf('complex_duration_seconds', full(0.25), {
      job: 'api-server',
      instance: 'localhost:8080',
      method: 'GET',
      status: '200',
      endpoint: '/api/v1/users',
    }),
    metadata: seconds,
  }),
  {
    name: 'metadata validation',
    requests: [
      bad('no name', described({ job: 'test' })),
      bad('an empty name', described({ __name__: '' })),
      good('a name', described(named('valid_metric_name'))),
    ],
  },
];

/** The cases about one kind of content each. */
export const complianceCases: readonly ComplianceCase[] = [...metrics, ...histograms, ...exemplars, ...metadata];
