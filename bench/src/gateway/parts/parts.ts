import {
  compressSnappy,
  createReservedLabels,
  createWriteKernel,
  decodeWriteRequest,
  decompressSnappy,
  defaultReservedLabels,
  defaultWriteLimits,
  encodeWriteRequestV2,
  rewriteWriteRequest,
  rewriteWriteRequestV2,
  scanWriteRequest,
  WireWriter,
  type RewriteOptions,
} from '@cloudtuner/remote-write';
import { uncompressSync } from 'snappy';
import * as snappyjs from 'snappyjs';
import { createShape, encodeBody, seriesPerBody } from '../bodies';

const shapes = 4;
const timestampMs = 1_700_000_000_000;
const maxDecodedBytes = 32 * 1024 * 1024;

interface Body {
  readonly compressed: Buffer;
  readonly raw: Buffer;
  readonly rawV2: Buffer;
}

/** One part of the gateway's work; called with one body after the other. */
interface Part {
  readonly name: string;
  run(body: Body): void;
}

/** What a part cost, in microseconds of CPU a sample. */
interface PartCost {
  readonly name: string;
  readonly median: number;
  readonly best: number;
}

function createBodies(): Body[] {
  return Array.from({ length: shapes }, (_, shape) => {
    const { compressed } = encodeBody(createShape(shape), timestampMs);
    const raw = Buffer.from(decompressSnappy(compressed, { maxDecodedBytes }));
    return { compressed, raw, rawV2: encodeWriteRequestV2(decodeWriteRequest(raw)) };
  });
}

function createOptions(changed: Partial<RewriteOptions>): RewriteOptions {
  return {
    limits: defaultWriteLimits,
    labelNames: 'legacy',
    reserved: createReservedLabels([...defaultReservedLabels, 'tenant_id']),
    nowMs: timestampMs,
    output: new WireWriter(),
    ...changed,
  };
}

/** Each of them inspects every label, except where its name says otherwise. */
function createParts(): Part[] {
  const kernel = createWriteKernel();
  const tenantLabel = { name: 'tenant_id', value: '6f1f4a5e-1c0f-4f0e-9a39-5c1d3a0d9c11' };
  const plain = createOptions({});
  const fast = createOptions({ kernel });
  const injecting = createOptions({ injectLabel: tenantLabel });
  const injectingFast = createOptions({ kernel, injectLabel: tenantLabel });
  const scanLimits = { ...defaultWriteLimits, labelCapacity: defaultWriteLimits.maxLabels };
  const decode = ({ compressed }: Body): Uint8Array => decompressSnappy(compressed, { maxDecodedBytes, kernel });
  return [
    { name: 'decompress: kernel (WebAssembly)', run: decode },
    { name: 'decompress: native snappy', run: ({ compressed }) => void uncompressSync(compressed) },
    { name: 'decompress: snappyjs', run: ({ compressed }) => void snappyjs.uncompress(compressed) },
    { name: 'validate: kernel', run: ({ raw }) => void rewriteWriteRequest(raw, fast) },
    { name: 'validate: JavaScript', run: ({ raw }) => void rewriteWriteRequest(raw, plain) },
    {
      name: 'scan without looking at labels: JavaScript',
      run: ({ raw }) => void scanWriteRequest(raw, scanLimits, () => undefined),
    },
    { name: 'full decode to objects: JavaScript', run: ({ raw }) => void decodeWriteRequest(raw) },
    { name: 'inject: kernel', run: ({ raw }) => void rewriteWriteRequest(raw, injectingFast) },
    { name: 'inject: JavaScript', run: ({ raw }) => void rewriteWriteRequest(raw, injecting) },
    { name: 'compress: native snappy', run: ({ raw }) => void compressSnappy(raw) },
    { name: '2.0 passed on', run: ({ rawV2 }) => void rewriteWriteRequestV2(rawV2, { ...plain, target: '2' }) },
    { name: '2.0 to 1.0', run: ({ rawV2 }) => void rewriteWriteRequestV2(rawV2, { ...plain, target: '1' }) },
    {
      name: 'whole, passed through: decompress + validate',
      run: (body) => void rewriteWriteRequest(decode(body), fast),
    },
    {
      name: 'whole, injecting: decompress + inject + compress',
      run: (body) => void compressSnappy(rewriteWriteRequest(decode(body), injectingFast).bytes),
    },
  ];
}

/** What the benchmark is given: how long it may take, and the CPU time of this process so far. */
export interface PartsOptions {
  readonly seconds: number;
  readonly cpuMicroseconds: () => number;
}

/**
 * What the parts of the gateway cost, each in turn over many rounds, so that all of them meet the same machine.
 * A Markdown table; the ratio is to decompression and validation by the kernel.
 */
export function benchParts({ seconds, cpuMicroseconds }: PartsOptions): string {
  const bodies = createBodies();
  const parts = createParts();
  const costs = new Map<string, number[]>(parts.map(({ name }) => [name, []]));
  const endMs = performance.now() + seconds * 1000;
  for (let round = 0; performance.now() < endMs; round += 1) {
    for (const part of parts) {
      const before = cpuMicroseconds();
      for (const body of bodies) part.run(body);
      const cost = (cpuMicroseconds() - before) / (bodies.length * seriesPerBody);
      // The first rounds are compiled while they run.
      if (round >= 3) costs.get(part.name)?.push(cost);
    }
  }
  const rows = [...costs].map(([name, all]): PartCost => {
    const sorted = all.toSorted((a, b) => a - b);
    return { name, median: sorted[sorted.length >> 1] ?? Number.NaN, best: sorted[0] ?? Number.NaN };
  });
  const base = rows.find(({ name }) => name.startsWith('whole, passed'))?.median ?? Number.NaN;
  return [
    '| part | µs CPU / sample, median | best | ratio |',
    '| --- | ---: | ---: | ---: |',
    ...rows.map(({ name, median, best }) => {
      return `| ${name} | ${median.toFixed(3)} | ${best.toFixed(3)} | ${(median / base).toFixed(2)} |`;
    }),
  ].join('\n');
}
