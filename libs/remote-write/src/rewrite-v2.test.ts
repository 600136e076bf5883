import { isAppError } from '@cloudtuner/errors';
import { decodeWriteRequest } from './decode';
import { decodeWriteRequestV2 } from './decode-v2';
import { encodeWriteRequest } from './encode';
import { encodeWriteRequestV2 } from './encode-v2';
import { createReservedLabels, defaultReservedLabels } from './reserved-labels';
import type { RewriteResult } from './rewrite';
import { rewriteWriteRequestV2, type RewriteOptionsV2 } from './rewrite-v2';
import { encodeHistogram } from './testing/histograms';
import { defaultWriteLimits } from './validate-series';
import { staleMarker, type Label, type TimeSeriesV2 } from './write-request';

const nowMs = 1_700_000_000_000;
const options: RewriteOptionsV2 = {
  limits: defaultWriteLimits,
  labelNames: 'legacy',
  reserved: createReservedLabels(defaultReservedLabels),
  nowMs,
  target: '2',
};
const injectLabel = { name: 'tenant_id', value: 'tenant-a' };
const samples = [{ value: 1, timestampMs: nowMs }];
const labels = (pairs: readonly (readonly [string, string])[]): Label[] =>
  pairs.map(([name, value]) => ({ name, value }));
const series = (...pairs: (readonly [string, string])[]): TimeSeriesV2 => ({ labels: labels(pairs), samples });
const good = series(['__name__', 'good'], ['job', 'j']);
const histogram = encodeHistogram({ countInt: 3, zeroCountInt: 3, sum: 0, timestamp: nowMs });

const rewrite = (timeseries: readonly TimeSeriesV2[], changed: Partial<RewriteOptionsV2> = {}): RewriteResult =>
  rewriteWriteRequestV2(encodeWriteRequestV2({ timeseries }), { ...options, ...changed });
const pairsOf = ({ timeseries }: { timeseries: readonly { labels: readonly Label[] }[] }): string[][] =>
  timeseries.map((one) => one.labels.map(({ name, value }) => `${name}=${value}`));

function codeOf(run: () => unknown): string {
  try {
    run();
    return 'accepted';
  } catch (error) {
    if (!isAppError(error)) throw error;
    return error.code;
  }
}

const field = (tag: number, ...content: number[]): number[] => [tag, content.length, ...content];
const symbol = (text: string): number[] => field(0x22, ...Buffer.from(text));
const symbols = ['', '__name__', 'up', 'a', 'b'].flatMap(symbol);
const sampleOfNow = [0x12, 0x07, 0x10, 0x80, 0xd0, 0x95, 0xff, 0xbc, 0x31];

describe('rewriteWriteRequestV2 to 2.0', () => {
  it('returns the very same bytes when nothing has to change', () => {
    const bytes = encodeWriteRequestV2({
      timeseries: [
        good,
        { ...series(['__name__', 'h']), samples: [], histograms: [histogram] },
        { ...good, samples: [staleMarker(nowMs)], metadata: { type: 'counter', help: 'what', unit: '' } },
      ],
    });
    const result = rewriteWriteRequestV2(bytes, options);
    expect(result.bytes).toBe(bytes);
    expect(result.accepted).toEqual({ series: 3, samples: 2, histograms: 1, exemplars: 0, metadata: 1 });
  });

  it('takes a request without anything, by which senders and gateways probe', () => {
    const result = rewriteWriteRequestV2(Buffer.alloc(0), options);
    expect([result.bytes.length, result.accepted.series, result.refusals.length]).toEqual([0, 0, 0]);
  });

  it('renames, sorts, drops empty values and injects, with new symbols behind the old ones', () => {
    const result = rewrite([good, series(['job', 'j'], ['__name__', 'up'], ['tenant_id', 'b'], ['zone', '']), good], {
      injectLabel,
    });
    expect(pairsOf(decodeWriteRequestV2(result.bytes))).toEqual([
      ['__name__=good', 'job=j', 'tenant_id=tenant-a'],
      ['__name__=up', 'exported_tenant_id=b', 'job=j', 'tenant_id=tenant-a'],
      ['__name__=good', 'job=j', 'tenant_id=tenant-a'],
    ]);
    expect(result.renamedLabels).toBe(1);
  });

  it('keeps everything else of a changed series', () => {
    const full: TimeSeriesV2 = {
      labels: labels([
        ['tenant_id', 'b'],
        ['__name__', 'up'],
      ]),
      samples: [{ ...staleMarker(nowMs), startTimestampMs: 7 }],
      exemplars: [{ labels: labels([['trace', 'x']]), value: 2, timestampMs: nowMs }],
      metadata: { type: 'gauge', help: 'help', unit: 'unit' },
    };
    const [decoded] = decodeWriteRequestV2(rewrite([full], { injectLabel }).bytes).timeseries;
    expect(decoded).toMatchObject({ samples: full.samples, exemplars: full.exemplars, metadata: full.metadata });
  });

  it('puts symbols that come late before the series', () => {
    const bytes = Buffer.from([
      ...[symbol(''), symbol('__name__')].flat(),
      ...field(0x2a, ...field(0x0a, 1, 2), ...sampleOfNow),
      ...symbol('up'),
    ]);
    expect(pairsOf(decodeWriteRequestV2(rewriteWriteRequestV2(bytes, options).bytes))).toEqual([['__name__=up']]);
    const injected = rewriteWriteRequestV2(bytes, { ...options, injectLabel });
    expect(pairsOf(decodeWriteRequestV2(injected.bytes))).toEqual([['__name__=up', 'tenant_id=tenant-a']]);
  });

  it.each<[string, string, TimeSeriesV2]>([
    ['no metric name', 'metric-name-missing', series(['job', 'a'])],
    ['a name twice', 'label-name-duplicate', series(['__name__', 'up'], ['a', '1'], ['a', '2'])],
    ['an empty name', 'label-name-empty', series(['', 'x'], ['__name__', 'up'])],
    ['a name with a dot', 'label-name-invalid', series(['__name__', 'up'], ['a.b', 'x'])],
    [
      'both samples and histograms',
      'series-mixes-samples-and-histograms',
      { ...series(['__name__', 'up']), histograms: [histogram] },
    ],
    [
      'a histogram that contradicts itself',
      'histogram-invalid',
      { ...series(['__name__', 'up']), samples: [], histograms: [encodeHistogram({ countInt: 1, timestamp: nowMs })] },
    ],
    [
      'a sample far ahead',
      'sample-too-far-in-future',
      { ...series(['__name__', 'up']), samples: [{ value: 1, timestampMs: nowMs + 600_001 }] },
    ],
  ])('leaves out a series with %s and keeps its neighbours', (_what, code, bad) => {
    for (const target of ['1', '2'] as const) {
      const result = rewrite([good, bad, good], { target });
      expect(result.refusals.map((refusal) => [refusal.code, refusal.series])).toEqual([[code, 1]]);
      expect(result.accepted).toMatchObject({ series: 2, samples: 2 });
      const decoded = target === '2' ? decodeWriteRequestV2(result.bytes) : decodeWriteRequest(result.bytes);
      expect(decoded.timeseries).toEqual([good, good]);
    }
  });

  const named = field(0x0a, 1, 2);
  it.each<[string, string, number[]]>([
    ['a reference one past the symbols', 'symbol-reference-invalid', field(0x2a, ...field(0x0a, 1, 5))],
    ['a reference of 2^31', 'symbol-reference-invalid', field(0x2a, ...field(0x0a, 1, 0x80, 0x80, 0x80, 0x80, 0x08))],
    ['an odd number of references', 'symbol-reference-invalid', field(0x2a, ...field(0x0a, 1, 2, 3))],
    ['an exemplar with a bad reference', 'symbol-reference-invalid', field(0x2a, ...named, ...field(0x22, 0x08, 9))],
    ['an exemplar with half a label', 'symbol-reference-invalid', field(0x2a, ...named, ...field(0x22, 0x08, 1))],
    ['a help text that is no symbol', 'symbol-reference-invalid', field(0x2a, ...named, ...field(0x2a, 0x18, 9))],
    ['a list of references that is cut off', 'protobuf-malformed', field(0x2a, 0x0a, 9, 1, 2)],
    ['references as fixed numbers', 'protobuf-malformed', field(0x2a, 0x0d, 1, 0, 0, 0)],
    ['a series of 1.0', 'protobuf-malformed', [...encodeWriteRequest({ timeseries: [good] })]],
  ])('refuses the whole request for %s', (_what, code, bytes) => {
    const body = Buffer.from([...symbols, ...bytes]);
    expect(codeOf(() => rewriteWriteRequestV2(body, options))).toBe(code);
    expect(codeOf(() => rewriteWriteRequestV2(body, { ...options, target: '1' }))).toBe(code);
  });

  it('wants the empty text as the first symbol', () => {
    const one = field(0x2a, ...field(0x0a, 0, 1), ...sampleOfNow);
    expect(codeOf(() => rewriteWriteRequestV2(Buffer.from(one), options))).toBe('symbol-reference-invalid');
    const named0 = Buffer.from([...symbol('__name__'), ...symbol('up'), ...one]);
    expect(codeOf(() => rewriteWriteRequestV2(named0, options))).toBe('symbol-reference-invalid');
  });

  it('reads references one by one as it reads packed ones', () => {
    const body = Buffer.from([...symbols, ...field(0x2a, 0x08, 1, 0x08, 2, ...field(0x0a, 3, 4), ...sampleOfNow)]);
    const result = rewriteWriteRequestV2(body, { ...options, injectLabel });
    expect(pairsOf(decodeWriteRequestV2(result.bytes))).toEqual([['__name__=up', 'a=b', 'tenant_id=tenant-a']]);
  });
});

describe('rewriteWriteRequestV2 to 1.0', () => {
  const translate = (timeseries: readonly TimeSeriesV2[], changed: Partial<RewriteOptionsV2> = {}): RewriteResult =>
    rewrite(timeseries, { ...changed, target: '1' });

  it('carries labels, sample bits, exemplars and histograms, and drops start timestamps', () => {
    const exemplars = [{ labels: labels([['trace_id', 'x']]), value: 2, timestampMs: nowMs }];
    const float = encodeHistogram({ countFloat: 1.5, zeroCountFloat: 1.5, timestamp: nowMs });
    const custom = encodeHistogram({ schema: -53, customValues: [1], timestamp: nowMs });
    const withStart = Buffer.concat([histogram, Buffer.from([0x88, 0x01, 0x05])]);
    const result = translate([
      { ...good, samples: [{ ...staleMarker(nowMs), startTimestampMs: nowMs - 5 }], exemplars },
      { ...good, samples: [], histograms: [withStart, float, custom] },
    ]);
    expect(decodeWriteRequest(result.bytes)).toEqual({
      timeseries: [
        { ...good, samples: [staleMarker(nowMs)], exemplars },
        { ...good, samples: [], histograms: [histogram, float, custom] },
      ],
    });
    expect(result.accepted).toEqual({ series: 2, samples: 1, histograms: 3, exemplars: 1, metadata: 0 });
  });

  it('renames, sorts and injects as in 1.0', () => {
    const result = translate([series(['job', 'j'], ['__name__', 'up'], ['tenant_id', 'b'], ['zone', '']), good], {
      injectLabel,
    });
    expect(pairsOf(decodeWriteRequest(result.bytes))).toEqual([
      ['__name__=up', 'exported_tenant_id=b', 'job=j', 'tenant_id=tenant-a'],
      ['__name__=good', 'job=j', 'tenant_id=tenant-a'],
    ]);
  });

  it('gives one metadata entry a metric family', () => {
    const metadata = { type: 'histogram', help: 'how long', unit: 'seconds' } as const;
    const result = translate([
      { ...series(['__name__', 'd_bucket'], ['le', '1']), metadata },
      { ...series(['__name__', 'd_bucket'], ['le', '2']), metadata },
      { ...series(['__name__', 'd_count']), metadata },
      { ...series(['__name__', 'n_count']), samples: [], histograms: [histogram], metadata },
      { ...series(['__name__', 'c_count']), metadata: { type: 'counter', help: '', unit: '' } },
      { ...series(['__name__', 'u']), metadata: { type: 'unknown', help: '', unit: '' } },
    ]);
    expect(decodeWriteRequest(result.bytes).metadata).toEqual([
      { metricFamilyName: 'd', ...metadata },
      { metricFamilyName: 'n_count', ...metadata },
      { metricFamilyName: 'c_count', type: 'counter', help: '', unit: '' },
    ]);
    expect(result.accepted.metadata).toBe(3);
  });

  it('stops when repeated symbols would make the body too large', () => {
    const long = Array.from({ length: 50 }, () => series(['__name__', 'up'], ['v', 'x'.repeat(4_000)]));
    expect(codeOf(() => translate(long, { maxTranslatedBytes: 100_000 }))).toBe('decoded-body-too-large');
    expect(codeOf(() => translate(long, { maxTranslatedBytes: 300_000 }))).toBe('accepted');
  });
});
