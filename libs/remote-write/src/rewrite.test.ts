import fc from 'fast-check';
import { decodeWriteRequest } from './decode';
import { encodeWriteRequest } from './encode';
import { createReservedLabels, defaultReservedLabels } from './reserved-labels';
import { rewriteWriteRequest, type RewriteOptions, type RewriteResult } from './rewrite';
import { defaultWriteLimits } from './validate-series';
import { WireWriter } from './wire-writer';
import { staleMarker, type Label, type TimeSeries } from './write-request';

const nowMs = 1_700_000_000_000;
const options: RewriteOptions = {
  limits: defaultWriteLimits,
  labelNames: 'legacy',
  reserved: createReservedLabels(defaultReservedLabels),
  nowMs,
};
const injectLabel = { name: 'tenant_id', value: 'tenant-a' };
const samples = [{ value: 1, timestampMs: nowMs }];

const labels = (pairs: readonly (readonly [string, string])[]): Label[] =>
  pairs.map(([name, value]) => ({ name, value }));
const series = (...pairs: (readonly [string, string])[]): TimeSeries => ({ labels: labels(pairs), samples });
const rewrite = (timeseries: readonly TimeSeries[], changed: Partial<RewriteOptions> = {}): RewriteResult =>
  rewriteWriteRequest(encodeWriteRequest({ timeseries }), { ...options, ...changed });
const pairsOf = (result: Pick<RewriteResult, 'bytes'>): string[][] =>
  decodeWriteRequest(result.bytes).timeseries.map((one) => one.labels.map(({ name, value }) => `${name}=${value}`));
const codesOf = (result: RewriteResult): string[] => result.refusals.map(({ code }) => code);

describe('rewriteWriteRequest', () => {
  it('returns the very same bytes when nothing has to change', () => {
    const bytes = encodeWriteRequest({
      timeseries: [
        series(['__name__', 'up'], ['job', 'a']),
        { labels: labels([['__name__', 'b']]), samples: [staleMarker(nowMs)] },
      ],
      metadata: [{ type: 'gauge', metricFamilyName: 'up', help: '', unit: '' }],
    });
    const result = rewriteWriteRequest(bytes, options);
    expect(result.bytes).toBe(bytes);
    expect(result.accepted).toEqual({ series: 2, samples: 2, histograms: 0, exemplars: 0, metadata: 1 });
  });

  it('sorts labels by their bytes', () => {
    const result = rewrite([series(['job', 'j'], ['__name__', 'up'], ['Zone', 'z'])]);
    expect(pairsOf(result)).toEqual([['Zone=z', '__name__=up', 'job=j']]);
  });

  it('renames reserved labels, with as many exported_ in front as it takes', () => {
    const result = rewrite([
      series(['__name__', 'up'], ['tenant_id', 'b']),
      series(['__name__', 'up'], ['exported_tenant_id', 'x'], ['tenant_id', 'b']),
      series(['__name__', 'up'], ['__tenant_id__', 'b'], ['receive_replica_1', '0'], ['receiver', 'kept']),
    ]);
    expect(pairsOf(result)).toEqual([
      ['__name__=up', 'exported_tenant_id=b'],
      ['__name__=up', 'exported_exported_tenant_id=b', 'exported_tenant_id=x'],
      ['__name__=up', 'exported___tenant_id__=b', 'exported_receive_replica_1=0', 'receiver=kept'],
    ]);
    expect(result.renamedLabels).toBe(4);
  });

  it('injects a label at its sorted place: in the middle, at the end and beside a renamed one', () => {
    const result = rewrite(
      [
        series(['__name__', 'up'], ['zone', 'z']),
        series(['__name__', 'up'], ['job', 'j']),
        series(['__name__', 'up'], ['tenant_id', 'tenant-b']),
      ],
      { injectLabel },
    );
    expect(pairsOf(result)).toEqual([
      ['__name__=up', 'tenant_id=tenant-a', 'zone=z'],
      ['__name__=up', 'job=j', 'tenant_id=tenant-a'],
      ['__name__=up', 'exported_tenant_id=tenant-b', 'tenant_id=tenant-a'],
    ]);
  });

  it('refuses to inject a label that senders may set', () => {
    expect(() => rewrite([], { injectLabel: { name: 'job', value: 'x' } })).toThrow(RangeError);
  });

  it('drops labels without a value, a reserved one too, as Prometheus takes them for absent', () => {
    const result = rewrite([series(['__name__', 'up'], ['empty', ''], ['tenant_id', '']), series(['__name__', 'b'])]);
    expect(pairsOf(result)).toEqual([['__name__=up'], ['__name__=b']]);
    expect(result.renamedLabels).toBe(0);
  });

  it('keeps sample bits, histograms, exemplars and unknown fields of a changed series', () => {
    const histograms = [Buffer.from([0x78, 0x80, 0xa0, 0xc3, 0xd9, 0xbc, 0x31, 0xf5, 0x01, 1, 2, 3, 4])];
    const exemplars = [{ labels: labels([['trace', 'x']]), value: 2, timestampMs: nowMs }];
    const full: TimeSeries = {
      labels: labels([
        ['tenant_id', 'b'],
        ['__name__', 'up'],
      ]),
      samples: [staleMarker(nowMs)],
      histograms,
      exemplars,
    };
    const [decoded] = decodeWriteRequest(rewrite([full], { injectLabel }).bytes).timeseries;
    expect(decoded?.samples[0]?.valueBits).toBe(0x7ff0000000000002n);
    expect(decoded?.histograms?.map((bytes) => Buffer.from(bytes))).toEqual(histograms);
    expect(decoded?.exemplars).toEqual(exemplars);
  });

  it('reuses an output between requests', () => {
    const output = new WireWriter();
    const first = Buffer.from(rewrite([series(['__name__', 'a'])], { injectLabel, output }).bytes);
    const second = rewrite([series(['__name__', 'b'])], { injectLabel, output }).bytes;
    expect(pairsOf({ bytes: first })).toEqual([['__name__=a', 'tenant_id=tenant-a']]);
    expect(pairsOf({ bytes: second })).toEqual([['__name__=b', 'tenant_id=tenant-a']]);
  });

  const long = 'x'.repeat(5_000);
  it.each<[string, string, TimeSeries]>([
    ['no labels', 'metric-name-missing', series()],
    ['no metric name', 'metric-name-missing', series(['job', 'a'])],
    ['an empty metric name', 'metric-name-missing', series(['__name__', ''])],
    ['a name twice', 'label-name-duplicate', series(['__name__', 'up'], ['a', '1'], ['a', '2'])],
    ['a name twice, apart', 'label-name-duplicate', series(['a', '1'], ['__name__', 'up'], ['a', '2'])],
    [
      'a reserved name twice',
      'label-name-duplicate',
      series(['__name__', 'up'], ['tenant_id', ''], ['tenant_id', 'b']),
    ],
    ['an empty name', 'label-name-empty', series(['', 'x'], ['__name__', 'up'])],
    ['a long name', 'label-name-too-long', series(['__name__', 'up'], [long, 'x'])],
    ['a long value', 'label-value-too-long', series(['__name__', 'up'], ['a', long])],
    ['a name with a dot', 'label-name-invalid', series(['__name__', 'up'], ['a.b', 'x'])],
    ['a name with a digit first', 'label-name-invalid', series(['0a', 'x'], ['__name__', 'up'])],
    ['a metric name with a dash', 'metric-name-invalid', series(['__name__', 'a-b'])],
    [
      '65 labels',
      'too-many-labels',
      series(['__name__', 'up'], ...Array.from({ length: 64 }, (_, i) => [`l${String(i)}`, 'v'] as const)),
    ],
    [
      'a sample 10 min and 1 ms ahead',
      'sample-too-far-in-future',
      { ...series(['__name__', 'up']), samples: [{ value: 1, timestampMs: nowMs + 600_001 }] },
    ],
    [
      'the largest timestamp',
      'sample-too-far-in-future',
      { ...series(['__name__', 'up']), samples: [...samples, { value: 1, timestampMs: 2 ** 62 }] },
    ],
    [
      'timestamp 0',
      'sample-timestamp-not-positive',
      { ...series(['__name__', 'up']), samples: [{ value: 1, timestampMs: 0 }] },
    ],
    [
      'a negative timestamp',
      'sample-timestamp-not-positive',
      { ...series(['__name__', 'up']), samples: [{ value: 1, timestampMs: -(2 ** 63) }] },
    ],
    [
      'a histogram without a timestamp',
      'sample-timestamp-not-positive',
      { ...series(['__name__', 'up']), samples: [], histograms: [Buffer.from([0x20, 1])] },
    ],
  ])('leaves out a series with %s and keeps its neighbours', (_what, code, bad) => {
    const good = series(['__name__', 'good'], ['job', 'j']);
    const result = rewrite([good, bad, good]);
    expect(codesOf(result)).toEqual([code]);
    expect(result.refusals[0]?.series).toBe(1);
    expect(result.refusals[0]?.samples).toBe(bad.samples.length + (bad.histograms?.length ?? 0));
    expect(decodeWriteRequest(result.bytes).timeseries).toEqual([good, good]);
    expect([result.received.series, result.accepted.series]).toEqual([3, 2]);
  });

  it('accepts every limit itself', () => {
    const many = Array.from({ length: 63 }, (_, index) => [`l${String(index).padStart(2, '0')}`, 'v'] as const);
    const result = rewrite([
      series(['__name__', 'up'], ...many),
      series(['__name__', 'a:b'], ['n'.repeat(1_024), 'v'.repeat(4_096)]),
      {
        ...series(['__name__', 'up']),
        samples: [
          { value: 1, timestampMs: nowMs + 600_000 },
          { value: 1, timestampMs: 1 },
        ],
      },
    ]);
    expect(codesOf(result)).toEqual([]);
  });

  it('tells invalid UTF-8 from names outside the legacy characters', () => {
    // At each place of a step of four bytes, and at the very end.
    for (let place = 0; place < 9; place += 1) {
      const bytes = encodeWriteRequest({ timeseries: [series(['__name__', 'up'], ['a', 'QQQQQQQQQ'])] });
      bytes[bytes.indexOf('QQQQ') + place] = 0xff;
      expect(codesOf(rewriteWriteRequest(bytes, options))).toEqual(['label-not-utf8']);
    }
    expect(codesOf(rewrite([series(['__name__', 'up'], ['größe', 'x'])]))).toEqual(['label-name-invalid']);
    expect(codesOf(rewrite([series(['__name__', 'up'], ['größe', 'Straße €'])], { labelNames: 'utf8' }))).toEqual([]);
    expect(codesOf(rewrite([series(['__name__', 'up'], ['a', 'Straße €'])]))).toEqual([]);
  });

  it('takes __proto__ and constructor for names like any other', () => {
    const result = rewrite([series(['__name__', 'up'], ['__proto__', 'x'], ['constructor', 'y'])], { injectLabel });
    expect(pairsOf(result)).toEqual([['__name__=up', '__proto__=x', 'constructor=y', 'tenant_id=tenant-a']]);
  });

  it('equals a plain model on arbitrary series', () => {
    const name = fc.constantFrom('__name__', 'a', 'b', 'zone', 'tenant_id', 'exported_tenant_id', '__tenant_id__', '');
    const pair = fc.tuple(name, fc.constantFrom('x', 'y', ''));
    const arbitrary = fc.array(
      fc.array(pair, { maxLength: 5 }).map((pairs) => series(...pairs)),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(arbitrary, fc.boolean(), (timeseries, injects) => {
        const result = rewrite(timeseries, injects ? { injectLabel } : {});
        const expected = timeseries.filter(isGood).map((one) => model(one.labels, injects));
        expect(pairsOf(result)).toEqual(expected);
        expect(result.accepted.series).toBe(expected.length);
      }),
    );
  });
});

function isGood({ labels: all }: TimeSeries): boolean {
  const names = all.map(({ name }) => name);
  return (
    !names.includes('') &&
    new Set(names).size === names.length &&
    all.some(({ name, value }) => name === '__name__' && value !== '')
  );
}

/** What the specification of the gateway says, on objects. */
function model(all: readonly Label[], injects: boolean): string[] {
  const kept = new Map(all.filter(({ value }) => value !== '').map(({ name, value }) => [name, value]));
  for (const reserved of ['tenant_id', '__tenant_id__']) {
    const value = kept.get(reserved);
    if (value === undefined) continue;
    kept.delete(reserved);
    let renamed = `exported_${reserved}`;
    while (kept.has(renamed)) renamed = `exported_${renamed}`;
    kept.set(renamed, value);
  }
  if (injects) kept.set(injectLabel.name, injectLabel.value);
  return [...kept]
    .map(([name, value]) => [name, value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`);
}
