import { readWriteLimits, writeLimitsDocument } from './write-limits';

describe('readWriteLimits', () => {
  it('reads every limit that the write path knows', () => {
    const limits = {
      samples_per_second: 0,
      samples_burst: 5,
      series: 20_000,
      samples: 50_000,
      labels: 64,
      label_name_bytes: 1_024,
      label_value_bytes: 4_096,
      body_bytes: 10_485_760,
      decoded_bytes: 33_554_432,
      future_seconds: 600,
      in_flight_requests: 8,
    };
    expect(readWriteLimits(limits)).toEqual({ limits, ignored: [] });
  });

  it.each<[string, unknown]>([
    ['labels', 0],
    ['labels', -1],
    ['labels', 33_554_432],
    ['labels', 1.5],
    ['labels', '64'],
    ['labels', null],
    ['labels', Number.NaN],
    ['body_bytes', Number.POSITIVE_INFINITY],
    ['sample_per_second', 5],
    ['constructor', 5],
    ['toString', 5],
  ])('leaves out and names %s = %p, and keeps its neighbour', (name, value) => {
    expect(readWriteLimits({ series: 7, [name]: value })).toEqual({ limits: { series: 7 }, ignored: [name] });
  });

  it.each([[undefined], [null]])('takes %p for no overrides', (document) => {
    expect(readWriteLimits(document)).toEqual({ limits: {}, ignored: [] });
  });

  it.each([['fast'], [7], [[1, 2]]])('names the whole field when it is no document: %p', (document) => {
    const { limits, ignored } = readWriteLimits(document);
    expect(limits).toEqual({});
    expect(ignored).not.toEqual([]);
  });

  it('is strict where limits are set', () => {
    expect(writeLimitsDocument.safeParse({ series: 7 }).success).toBe(true);
    expect(writeLimitsDocument.safeParse({ serie: 7 }).success).toBe(false);
  });
});
