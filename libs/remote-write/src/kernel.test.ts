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

/** A usual series with one label more, or in place of its metric name. */
function named(name: string, value: string): TimeSeries {
  const series = usual(1);
  const labels = [...series.labels.filter((label) => label.name !== name), { name, value }];
  return { ...series, labels: labels.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

function seriesWalked(
  timeseries: readonly TimeSeries[],
  changed: Partial<KernelRules> = {},
  kernel = createWriteKernel(),
): number {
  const request = encodeWriteRequest({ timeseries });
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

  it('takes metric names of exactly the characters that the format allows, wherever they are', () => {
    const characters = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
    const names = characters.flatMap((one) => [one, `a${one}`, `${'a'.repeat(15)}${one}b`, `${'a'.repeat(40)}${one}`]);
    const kernel = createWriteKernel();
    const taken = names.filter((name) => seriesWalked([named('__name__', name)], {}, kernel) === 1);
    // Source: the data model of Prometheus.
    expect(taken).toEqual(names.filter((name) => /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)));
  });

  it.each([1, 15, 16, 17, 64, 100, 150, 300])('finds a byte beyond ASCII anywhere in a value of %i bytes', (length) => {
    const kernel = createWriteKernel();
    for (let at = 0; at < length; at += 1) {
      const value = `${'x'.repeat(at)}\u00e9${'x'.repeat(length - at - 1)}`;
      const series = [usual(0), named('long', 'y'.repeat(200)), named('z', value), named('z', 'x'.repeat(length))];
      expect(seriesWalked(series, {}, kernel)).toBe(2);
    }
  });

  it('reads the times of samples of every length', () => {
    const timesMs = [1, 127, 128, 2 ** 28, 2 ** 35 - 1, 2 ** 35, 1_700_000_000_123, 2 ** 42 - 1, 2 ** 42, 2 ** 49];
    for (const timestampMs of timesMs) {
      const request = encodeWriteRequest({ timeseries: [{ ...usual(1), samples: [{ value: 1.5, timestampMs }] }] });
      const kernel = createWriteKernel();
      const walkUpTo = (maxTimestampMs: number) =>
        kernel.walk(kernel.begin(request, { ...rules, maxTimestampMs }) ?? request, 0, left);
      expect(walkUpTo(timestampMs)).toMatchObject({
        series: 1,
        minTimestampMs: timestampMs,
        maxTimestampMs: timestampMs,
      });
      expect(walkUpTo(timestampMs - 1).series).toBe(0);
    }
  });

  it('leaves a time of 1970 to the other reader, however long it is written', () => {
    const request = encodeWriteRequest({
      timeseries: [{ ...usual(1), samples: [{ value: 1, timestampMs: 2 ** 35 }] }],
    });
    // Six bytes that make 0.
    Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x00]).copy(request, request.length - 6);
    const kernel = createWriteKernel();
    expect(kernel.walk(kernel.begin(request, rules) ?? request, 0, left).series).toBe(0);
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
    const renamed = (name: string): TimeSeries => ({
      ...usual(1),
      labels: usual(1).labels.with(1, { name, value: 'x' }),
    });
    // Its second name sorts behind the third: seen twice, the second time all of its names are known.
    const request = encodeWriteRequest({ timeseries: [renamed('image'), renamed('zone'), renamed('zone')] });
    const plain = rewriteWriteRequest(request, options).bytes;
    const fast = rewriteWriteRequest(request, { ...options, kernel: createWriteKernel() }).bytes;
    expect(Buffer.compare(fast, plain)).toBe(0);
    expect(Buffer.compare(fast, request)).not.toBe(0);
  });

  it('tells names apart that begin alike and are equally long', () => {
    const [beginning, kernel] = ['label_of_more_than_sixteen_bytes', createWriteKernel()];
    for (const end of ['-', '.', '!']) {
      const series = [named(`${beginning}_`, 'x'), named(`${beginning}${end}`, 'x')];
      expect(seriesWalked(series, {}, kernel)).toBe(1);
    }
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
