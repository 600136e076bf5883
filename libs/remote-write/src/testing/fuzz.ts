import { isDeepStrictEqual } from 'node:util';
import { errorCatalogue, isAppError } from '@cloudtuner/errors';
import * as snappyjs from 'snappyjs';
import { createWriteKernel, type WriteKernel } from '../kernel';
import { createReservedLabels, defaultReservedLabels } from '../reserved-labels';
import { rewriteWriteRequest, type RewriteOptions, type RewriteResult } from '../rewrite';
import { rewriteWriteRequestV2 } from '../rewrite-v2';
import { compressSnappy } from '../snappy-compress';
import { decompressSnappy } from '../snappy-decompress';
import { decodeV1, decodeV2, type PlainRequest } from './plain-request';
import { judge, translate, type ReferenceRules } from './reference';
import { fuzzNowMs, RequestGenerator } from './request-generator';
import {
  below,
  chance,
  createRandom,
  encodeTree,
  mutateBytes,
  mutateTree,
  pick,
  type Random,
  type WireField,
} from './wire-tree';

export type FuzzKind = 'v1' | 'v2' | 'snappy';

/** One input, small enough to be kept as a test. */
export interface FuzzInput {
  readonly kind: FuzzKind;
  /** Which rules it is run under, as bits. */
  readonly variant: number;
  readonly bytes: Buffer;
}

const limits = {
  maxSeries: 7,
  maxSamples: 9,
  maxLabels: 6,
  maxLabelNameBytes: 20,
  maxLabelValueBytes: 200,
  maxFutureMs: 600_000,
};
const tenant = { name: 'tenant_id', value: 'tenant-a' };
const requestCodes: ReadonlySet<string> = new Set([
  'protobuf-malformed',
  'symbol-reference-invalid',
  'too-many-symbols',
  'too-many-series',
  'too-many-samples',
]);
const maxDecodedBytes = 1024 * 1024;

type Outcome = { readonly result: RewriteResult } | { readonly code: string };

function attempt(run: () => RewriteResult): Outcome {
  try {
    const result = run();
    // Scratch memory is used again by the next call.
    return { result: { ...result, bytes: Buffer.from(result.bytes) } };
  } catch (error) {
    if (!isAppError(error) || !(error.code in errorCatalogue)) throw error;
    return { code: error.code };
  }
}

function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(actual, expected)) return;
  const show = (value: unknown): string =>
    JSON.stringify(value, (_key, one: unknown) => (typeof one === 'bigint' ? `${String(one)}n` : one));
  throw new Error(`${what}\n  is:        ${show(actual)}\n  should be: ${show(expected)}`);
}

/** Runs inputs against the references; one for a thread. */
export class FuzzTarget {
  private readonly kernel: WriteKernel = createWriteKernel();

  /**
   * Runs one input and gives its behaviour in a word: inputs that behave alike need not all be kept.
   *
   * @throws Error when anything is not as it has to be
   */
  run({ kind, variant, bytes }: FuzzInput): string {
    if (kind === 'snappy') return this.runSnappy(bytes);
    const injects = (variant & 1) !== 0;
    const options: RewriteOptions = {
      limits,
      labelNames: (variant & 2) === 0 ? 'legacy' : 'utf8',
      reserved: createReservedLabels(defaultReservedLabels),
      nowMs: fuzzNowMs,
      ...(injects ? { injectLabel: tenant } : {}),
    };
    const rules: ReferenceRules = {
      limits,
      legacyNames: options.labelNames === 'legacy',
      nowMs: fuzzNowMs,
      reserved: defaultReservedLabels,
      inject: injects ? [tenant.name, tenant.value] : undefined,
    };
    return kind === 'v1' ? this.runV1(bytes, options, rules) : this.runV2(bytes, options, rules);
  }

  private runV1(bytes: Buffer, options: RewriteOptions, rules: ReferenceRules): string {
    const plain = attempt(() => rewriteWriteRequest(bytes, options));
    const fast = attempt(() => rewriteWriteRequest(bytes, { ...options, kernel: this.kernel }));
    expectEqual(fast, plain, 'the kernel and the plain reader differ');
    if ('code' in plain) return refusedWhole(plain.code, () => decodeV1(bytes));
    return compare(plain.result, {
      request: decodeV1(bytes),
      rules,
      isV2: false,
      stored: decodeV1(plain.result.bytes),
    });
  }

  private runV2(bytes: Buffer, options: RewriteOptions, rules: ReferenceRules): string {
    const passed = attempt(() => rewriteWriteRequestV2(bytes, { ...options, target: '2' }));
    const translated = attempt(() => rewriteWriteRequestV2(bytes, { ...options, target: '1' }));
    if ('code' in passed || 'code' in translated) {
      const code = 'code' in passed ? passed.code : '';
      expectEqual('code' in translated ? translated.code : '', code, 'the two targets differ');
      return refusedWhole(code, () => decodeV2(bytes));
    }
    const request = decodeV2(bytes);
    if (request === undefined) throw new Error('a request with references that lead nowhere was accepted');
    const { result } = passed;
    const outcome = compare(result, { request, rules, isV2: true, stored: decodeV2(result.bytes) });
    const inV1 = decodeV1(translated.result.bytes);
    const wanted = translate(judge(request, rules, true).stored);
    expectEqual(inV1, wanted, 'the translation');
    expectEqual(
      translated.result.accepted,
      { ...result.accepted, metadata: wanted.metadata.length },
      'the counts of the translation',
    );
    return outcome;
  }

  private runSnappy(bytes: Buffer): string {
    let decoded: Uint8Array;
    try {
      decoded = decompressSnappy(bytes, { maxDecodedBytes, kernel: this.kernel });
    } catch (error) {
      if (!isAppError(error)) throw error;
      if (error.code !== 'snappy-malformed' && error.code !== 'decoded-body-too-large') throw error;
      return error.code;
    }
    expectEqual(Buffer.from(decoded), Buffer.from(snappyjs.uncompress(bytes, maxDecodedBytes)), 'the decoded bytes');
    return `decoded ${String(Math.ceil(Math.log2(decoded.length + 1)))}`;
  }
}

/** A request that was refused as a whole: the reason has to be one of those, and to be true. */
function refusedWhole(code: string, decode: () => PlainRequest | undefined): string {
  if (!requestCodes.has(code)) throw new Error(`a whole request was refused as ${code}`);
  let request: PlainRequest | undefined;
  try {
    request = decode();
  } catch {
    return code;
  }
  if (code === 'symbol-reference-invalid' && request !== undefined) throw new Error('all references lead to symbols');
  const count = request?.series.reduce((sum, one) => sum + one.samples.length + one.histograms.length, 0) ?? Infinity;
  if (code === 'too-many-series' && (request?.series.length ?? Infinity) <= limits.maxSeries)
    throw new Error('there are not too many series');
  if (code === 'too-many-samples' && count <= limits.maxSamples) throw new Error('there are not too many samples');
  return code;
}

interface Comparison {
  readonly request: PlainRequest;
  readonly rules: ReferenceRules;
  readonly isV2: boolean;
  readonly stored: PlainRequest | undefined;
}

function compare(result: RewriteResult, { request, rules, isV2, stored }: Comparison): string {
  const wanted = judge(request, rules, isV2);
  expectEqual(stored, wanted.stored, 'what is stored');
  expectEqual(
    result.refusals.map(({ code, series }) => [code, series]),
    wanted.refusals,
    'the refusals',
  );
  expectEqual(result.renamedLabels, wanted.renamedLabels, 'the renamed labels');
  expectEqual(result.received, countsOf(request), 'the counts received');
  expectEqual(result.accepted, countsOf(wanted.stored), 'the counts accepted');
  expectEqual(result.timeSpan, timeSpanOf(wanted.stored), 'the time span');
  const size = Math.min(3, wanted.stored.series.length);
  return `${String(size)} ${wanted.refusals.map(([code]) => code).join()} ${String(Math.min(2, wanted.renamedLabels))}`;
}

function timeSpanOf({ series }: PlainRequest): RewriteResult['timeSpan'] {
  const timestampsMs = series.flatMap(({ samples, exemplars, histograms }) => [
    ...[...samples, ...exemplars].map(({ timestampMs }) => Number(timestampMs)),
    ...histograms.map(({ timestamp }) => Number(timestamp ?? 0)),
  ]);
  if (timestampsMs.length === 0) return undefined;
  return { minTimestampMs: Math.min(...timestampsMs), maxTimestampMs: Math.max(...timestampsMs) };
}

function countsOf({ series, metadata }: PlainRequest): RewriteResult['accepted'] {
  const sum = (count: (one: PlainRequest['series'][number]) => number): number =>
    series.reduce((total, one) => total + count(one), 0);
  return {
    series: series.length,
    samples: sum(({ samples }) => samples.length),
    histograms: sum(({ histograms }) => histograms.length),
    exemplars: sum(({ exemplars }) => exemplars.length),
    metadata: metadata.length + sum((one) => (one.metadata === undefined ? 0 : 1)),
  };
}

interface KeptInput extends FuzzInput {
  readonly tree: readonly WireField[];
}

const maxKept = 4_000;

/** Makes inputs for ever: new ones, and changes of those that behaved like no other before. */
export class FuzzInputs {
  private readonly random: Random;
  private readonly kept: KeptInput[] = [];
  private readonly behaviours = new Set<string>();
  private last: KeptInput | undefined;

  constructor(seed: number) {
    this.random = createRandom(seed);
  }

  next(): FuzzInput {
    const { random } = this;
    const old = this.kept.length > 0 && chance(random, 0.6) ? pick(random, this.kept) : undefined;
    this.last = old === undefined ? this.fresh() : this.changed(old);
    return this.last;
  }

  /** Tells what the last input did. */
  note(behaviour: string): void {
    if (this.last === undefined) return;
    const key = `${this.last.kind} ${String(this.last.variant)} ${behaviour}`;
    if (this.behaviours.has(key)) return;
    this.behaviours.add(key);
    if (this.kept.length < maxKept) this.kept.push(this.last);
    else this.kept[below(this.random, maxKept)] = this.last;
  }

  /** Kinds of behaviour seen so far. */
  get behaviourCount(): number {
    return this.behaviours.size;
  }

  private fresh(): KeptInput {
    const { random } = this;
    const kind = pick(random, ['v1', 'v1', 'v2', 'v2', 'snappy'] as const);
    const generator = new RequestGenerator(random, pick(random, [0, 0.02, 0.1, 0.3]));
    const tree = kind === 'v2' ? generator.v2() : generator.v1();
    return this.written({ kind, variant: below(random, 4), tree });
  }

  private changed(old: KeptInput): KeptInput {
    const { random } = this;
    let { tree } = old;
    const changes = 1 + below(random, 4);
    if (old.kind !== 'snappy' && chance(random, 0.7)) {
      for (let index = 0; index < changes; index += 1) tree = mutateTree(tree, random);
      return this.written({ ...old, tree });
    }
    let { bytes } = old;
    for (let index = 0; index < changes; index += 1) bytes = mutateBytes(bytes, random);
    return { ...old, bytes };
  }

  private written({ kind, variant, tree }: Omit<KeptInput, 'bytes'>): KeptInput {
    const bytes = encodeTree(tree, this.random, pick(this.random, [0, 0, 0.05]));
    return { kind, variant, tree, bytes: kind === 'snappy' ? compressSnappy(bytes) : bytes };
  }
}
