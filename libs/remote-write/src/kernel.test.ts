import { encodeWriteRequest } from './encode';
import { createWriteKernel, type KernelRules } from './kernel';
import { createReservedLabels, defaultReservedLabels } from './reserved-labels';
import { rewriteWriteRequest, type RewriteOptions } from './rewrite';
import { compressSnappy } from './snappy-compress';
import { decompressSnappy } from './snappy-decompress';
import { defaultWriteLimits } from './validate-series';
import { staleMarker, type TimeSeries } from './write-request';

const nowMs = 1_700_000_000_000;
const reserved = createReservedLabels(defaultReservedLabels);
const rules: KernelRules = {
  ...defaultWriteLimits,
  maxTimestampMs: nowMs,
  legacyNames: true,
  reserved: reserved.patterns,
  injectedField: undefined,
};
const options: RewriteOptions = { limits: defaultWriteLimits, labelNames: 'legacy', reserved, nowMs };
const left = { series: 1_000_000, samples: 1_000_000 };

const usual = (index: number): TimeSeries => ({
  labels: [
    { name: '__name__', value: `container_cpu_usage_seconds_total${index % 3 === 0 ? '' : '_b'}` },
    { name: 'image', value: `registry.example.com/${'x'.repeat(index % 200)}` },
    { name: `l${String(index % 5)}`, value: String(index) },
    { name: 'pod', value: `pod-${String(index >> 3)}` },
  ],
  samples: index % 7 === 0 ? [staleMarker(nowMs)] : [{ value: index % 2, timestampMs: nowMs - index }],
});
const usualSeries = Array.from({ length: 5_000 }, (_, index) => usual(index));

function seriesWalked(timeseries: readonly TimeSeries[], changed: Partial<KernelRules> = {}): number {
  const request = encodeWriteRequest({ timeseries });
  const kernel = createWriteKernel();
  const held = kernel.begin(request, { ...rules, ...changed });
  return held === undefined ? -1 : kernel.walk(held, 0, left).series;
}

describe('WriteKernel', () => {
  it('reads the series that senders write itself, to the last', () => {
    expect(seriesWalked(usualSeries)).toBe(5_000);
  });

  it.each<[string, TimeSeries['labels'][number], Partial<TimeSeries>]>([
    ['a label out of order', { name: 'a', value: 'x' }, {}],
    ['a name twice', { name: 'pod', value: 'x' }, {}],
    ['a reserved label', { name: 'tenant_id', value: 'x' }, {}],
    ['a label that begins like a reserved one', { name: 'receive_replica_7', value: 'x' }, {}],
    ['an empty value', { name: 'z', value: '' }, {}],
    ['a value beyond ASCII', { name: 'z', value: 'größe' }, {}],
    ['a name with a dot', { name: 'z.z', value: 'x' }, {}],
    ['a sample ahead', { name: 'z', value: 'x' }, { samples: [{ value: 1, timestampMs: nowMs + 1 }] }],
    ['a sample of 1970', { name: 'z', value: 'x' }, { samples: [{ value: 1, timestampMs: 0 }] }],
    ['a histogram', { name: 'z', value: 'x' }, { histograms: [Buffer.from([0x78, 1])] }],
  ])('leaves a series with %s to the reader that knows all forms', (_what, label, changed) => {
    const other = { ...usual(1), ...changed, labels: [...usual(1).labels, label] };
    expect(seriesWalked([usual(0), usual(1), other, usual(2)])).toBe(2);
  });

  it('stops at what the limits leave', () => {
    const request = encodeWriteRequest({ timeseries: usualSeries });
    const kernel = createWriteKernel();
    const held = kernel.begin(request, rules) ?? request;
    expect(kernel.walk(held, 0, { series: 7, samples: 100 }).series).toBe(7);
    expect(kernel.walk(held, 0, { series: 100, samples: 9 })).toMatchObject({ series: 9, samples: 9 });
  });

  it('says no to rules beyond what it knows', () => {
    expect(seriesWalked(usualSeries, { maxLabels: 401 })).toBe(-1);
    expect(seriesWalked(usualSeries, { injectedField: Buffer.alloc(200) })).toBe(-1);
    expect(seriesWalked(usualSeries, { reserved: [{ name: Buffer.alloc(200, 'x'), isPrefix: false }] })).toBe(-1);
  });

  it.each<[string, Partial<RewriteOptions>]>([
    ['as they are', {}],
    [
      'with a label in the middle, in more pieces than one',
      { injectLabel: { name: 'tenant_id', value: 'v'.repeat(36) } },
    ],
    ['with a label in front', { injectLabel: { name: '__tenant_id__', value: 'a' } }],
    ['by names of any characters', { labelNames: 'utf8' }],
  ])('gives what the plain reader gives: %s', (_what, changed) => {
    const odd = { ...usual(1), labels: [...usual(1).labels, { name: 'a', value: 'größe' }] };
    const timeseries = usualSeries.flatMap((series, index) => (index % 1_000 === 999 ? [series, odd] : [series]));
    const kernel = createWriteKernel();
    const body = compressSnappy(encodeWriteRequest({ timeseries }));
    const decoded = decompressSnappy(body, { maxDecodedBytes: 1 << 24, kernel });
    const plain = rewriteWriteRequest(Buffer.from(decoded), { ...options, ...changed });
    const fast = rewriteWriteRequest(decoded, { ...options, ...changed, kernel });
    expect({ ...fast, bytes: undefined }).toEqual({ ...plain, bytes: undefined });
    expect(Buffer.compare(fast.bytes, plain.bytes)).toBe(0);
    expect(fast.accepted.series).toBe(5_005);
  });

  it('remembers nothing of a series that it did not take', () => {
    const named = (name: string): TimeSeries => ({
      ...usual(1),
      labels: usual(1).labels.with(1, { name, value: 'x' }),
    });
    // Its second name sorts behind the third: seen twice, the second time all of its names are known.
    const request = encodeWriteRequest({ timeseries: [named('image'), named('zone'), named('zone')] });
    const plain = rewriteWriteRequest(request, options).bytes;
    const fast = rewriteWriteRequest(request, { ...options, kernel: createWriteKernel() }).bytes;
    expect(Buffer.compare(fast, plain)).toBe(0);
    expect(Buffer.compare(fast, request)).not.toBe(0);
  });

  it('keeps nothing of one request for the next', () => {
    const kernel = createWriteKernel();
    const first = encodeWriteRequest({ timeseries: [usual(1)] });
    const second = encodeWriteRequest({ timeseries: [usual(1)] });
    kernel.walk(kernel.begin(first, rules) ?? first, 0, left);
    const held =
      kernel.begin(second, { ...rules, reserved: [{ name: Buffer.from('pod'), isPrefix: false }] }) ?? second;
    expect(kernel.walk(held, 0, left).series).toBe(0);
  });
});
