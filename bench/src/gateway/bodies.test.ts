import { decodeWriteRequest, decompressSnappy } from '@cloudtuner/remote-write';
import { createShape, encodeBody } from './bodies';

describe('the bodies of the gateway benchmark', () => {
  const nowMs = 1_700_000_000_000;
  const decoded = (kind: number) => {
    const { compressed, rawBytes } = encodeBody(createShape(kind), nowMs);
    const raw = decompressSnappy(compressed, { maxDecodedBytes: 1 << 20 });
    expect(raw).toHaveLength(rawBytes);
    return { request: decodeWriteRequest(raw), compressedBytes: compressed.length, rawBytes };
  };

  it('are 2,000 different series with ten sorted labels and one sample', () => {
    const { timeseries } = decoded(0).request;
    expect(timeseries).toHaveLength(2_000);
    expect(new Set(timeseries.map(({ labels }) => JSON.stringify(labels))).size).toBe(2_000);
    for (const { labels, samples } of timeseries) {
      const names = labels.map(({ name }) => name);
      expect(names).toHaveLength(10);
      expect(names).toEqual(names.toSorted());
      expect(samples.map(({ timestampMs }) => timestampMs)).toEqual([nowMs]);
    }
  });

  it('have the size of real ones: about 650 kB raw, 85 kB compressed', () => {
    const { rawBytes, compressedBytes } = decoded(3);
    expect(rawBytes).toBeGreaterThan(600_000);
    expect(rawBytes).toBeLessThan(700_000);
    expect(compressedBytes).toBeGreaterThan(75_000);
    expect(compressedBytes).toBeLessThan(95_000);
  });

  it('share no series between kinds', () => {
    const first = new Set(createShape(0).map((labels) => JSON.stringify(labels)));
    expect(createShape(1).filter((labels) => first.has(JSON.stringify(labels)))).toEqual([]);
  });
});
