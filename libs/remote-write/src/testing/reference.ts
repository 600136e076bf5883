import { isUtf8 } from 'node:buffer';
import type { WriteLimits } from '../validate-series';
import {
  bytesOf,
  type PlainMetadata,
  type PlainRequest,
  type PlainSeries,
  type PlainTimed,
  type Text,
} from './plain-request';

/**
 * What the gateway must do with a request, in plain words on whole objects: one rule after the other, nothing shared
 * with the code it is held against.
 */

export interface ReferenceRules {
  readonly limits: WriteLimits;
  readonly legacyNames: boolean;
  readonly nowMs: number;
  readonly reserved: readonly string[];
  readonly inject: readonly [Text, Text] | undefined;
}

interface WireHistogram {
  count?: string;
  countInt?: string;
  countFloat?: number;
  zeroCount?: string;
  zeroCountInt?: string;
  zeroCountFloat?: number;
  sum?: number;
  schema?: number;
  zeroThreshold?: number;
  negativeSpans?: { offset?: number; length?: number }[];
  negativeDeltas?: string[];
  negativeCounts?: number[];
  positiveSpans?: { offset?: number; length?: number }[];
  positiveDeltas?: string[];
  positiveCounts?: number[];
  customValues?: number[];
  timestamp?: string;
}

/** The rules of Prometheus' `Validate`, on the decoded object. */
function isHistogramTaken(decoded: Readonly<Record<string, unknown>>): boolean {
  const one = decoded as WireHistogram;
  const { schema = 0, customValues = [], zeroThreshold = 0, sum = 0 } = one;
  const isFloat = one.count === 'countFloat';
  const sides = [
    { spans: one.negativeSpans ?? [], deltas: one.negativeDeltas ?? [], counts: one.negativeCounts ?? [] },
    { spans: one.positiveSpans ?? [], deltas: one.positiveDeltas ?? [], counts: one.positiveCounts ?? [] },
  ].map(({ spans, deltas, counts }) => {
    let last = 0n;
    const absolute = isFloat ? counts : deltas.map((delta) => (last = BigInt.asIntN(64, last + BigInt(delta))));
    return { spans: spans.map(({ offset = 0, length = 0 }) => ({ offset, length })), absolute };
  });
  const [negative, positive] = sides;
  if (negative === undefined || positive === undefined) throw new Error('a histogram has two sides');
  const zeroFloat = one.zeroCount === 'zeroCountFloat' ? (one.zeroCountFloat ?? 0) : 0;
  const zeroInteger = one.zeroCount === 'zeroCountInt' ? BigInt(one.zeroCountInt ?? 0) : 0n;
  const zero = isFloat ? zeroFloat : zeroInteger;
  for (const { spans, absolute } of sides) {
    if (spans.slice(1).some(({ offset }) => offset < 0)) return false;
    if (spans.reduce((total, { length }) => total + length, 0) !== absolute.length) return false;
    if (absolute.some((count) => count < 0)) return false;
  }
  if (schema === -53) {
    if (
      (isFloat ? zeroFloat !== 0 : zeroInteger !== 0n) ||
      zeroThreshold !== 0 ||
      negative.spans.length > 0 ||
      (positive.spans[0]?.offset ?? 0) < 0
    )
      return false;
    if (customValues.some((bound, i) => Number.isNaN(bound) || (bound <= (customValues[i - 1] ?? -Infinity) && i > 0)))
      return false;
    if (customValues.at(-1) === Infinity) return false;
    if (positive.spans.reduce((total, { offset, length }) => total + offset + length, 0) > customValues.length + 1)
      return false;
  } else if (schema < -4 || schema > 8 || customValues.length > 0) return false;
  if (isFloat) return (one.countFloat ?? 0) >= 0 || Number.isNaN(one.countFloat) ? !(zero < 0) : false;
  const counted = one.count === 'countInt' ? BigInt(one.countInt ?? 0) : 0n;
  let buckets = 0n;
  for (const { absolute } of sides) for (const count of absolute) buckets += BigInt(count);
  const observed = BigInt.asUintN(64, buckets + BigInt(zero));
  return Number.isNaN(sum) ? observed <= counted : observed === counted;
}

const legacyName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const legacyMetricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

function labelRefusal(series: PlainSeries, { limits, legacyNames }: ReferenceRules): string | undefined {
  for (const [index, [name, value]] of series.labels.entries()) {
    if (name === '') return 'label-name-empty';
    if (name.length > limits.maxLabelNameBytes) return 'label-name-too-long';
    if (value.length > limits.maxLabelValueBytes) return 'label-value-too-long';
    if (legacyNames && !legacyName.test(name)) return isUtf8(bytesOf(name)) ? 'label-name-invalid' : 'label-not-utf8';
    if (index > 0 && series.labels[index - 1]?.[0] === name) return 'label-name-duplicate';
    if (name === '__name__' && value !== '' && legacyNames && !legacyMetricName.test(value)) {
      return isUtf8(bytesOf(value)) ? 'metric-name-invalid' : 'label-not-utf8';
    }
  }
  return undefined;
}

/** Why a series is refused, or undefined. */
function refusalOf(series: PlainSeries, rules: ReferenceRules, isV2: boolean): string | undefined {
  const { limits, nowMs } = rules;
  if (series.labels.length > limits.maxLabels) return 'too-many-labels';
  const refusal = labelRefusal(series, rules);
  if (refusal !== undefined) return refusal;
  const names = series.labels.map(([name]) => name);
  if (new Set(names).size !== names.length) return 'label-name-duplicate';
  if (!series.labels.some(([name, value]) => name === '__name__' && value !== '')) return 'metric-name-missing';
  if (series.labels.flat().some((one) => !isUtf8(bytesOf(one)))) return 'label-not-utf8';
  const times = [
    ...series.samples.map(({ timestampMs }) => timestampMs),
    ...series.exemplars.map(({ timestampMs }) => timestampMs),
    ...series.histograms.map((one) => (one as WireHistogram).timestamp ?? '0'),
  ].map(BigInt);
  if (times.some((time) => time > BigInt(nowMs + limits.maxFutureMs))) return 'sample-too-far-in-future';
  if (times.some((time) => time <= 0n)) return 'sample-timestamp-not-positive';
  if (!series.histograms.every(isHistogramTaken)) return 'histogram-invalid';
  if (isV2 && series.samples.length > 0 && series.histograms.length > 0) return 'series-mixes-samples-and-histograms';
  return undefined;
}

function isReserved(name: Text, reserved: readonly string[]): boolean {
  return reserved.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one));
}

function storedLabels(labels: readonly (readonly [Text, Text])[], { reserved, inject }: ReferenceRules) {
  const present = labels.filter(([, value]) => value !== '');
  const stored = new Map(present.filter(([name]) => !isReserved(name, reserved)));
  const renamed = present.filter(([name]) => isReserved(name, reserved));
  renamed.sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
  for (const [name, value] of renamed) {
    let free = `exported_${name}`;
    while (stored.has(free)) free = `exported_${free}`;
    stored.set(free, value);
  }
  if (inject !== undefined) stored.set(...inject);
  return { labels: [...stored].sort(([a], [b]) => (a < b ? -1 : 1)), renamed: renamed.length };
}

export interface ReferenceOutcome {
  /** What must be in the body for the store. */
  readonly stored: PlainRequest;
  /** Code and how many series, in the order of appearance. */
  readonly refusals: readonly (readonly [string, number])[];
  readonly renamedLabels: number;
}

/** What must become of a request. */
export function judge(request: PlainRequest, rules: ReferenceRules, isV2: boolean): ReferenceOutcome {
  const refusals = new Map<string, number>();
  const series: PlainSeries[] = [];
  let renamedLabels = 0;
  for (const one of request.series) {
    const refusal = refusalOf(one, rules, isV2);
    if (refusal !== undefined) {
      refusals.set(refusal, (refusals.get(refusal) ?? 0) + 1);
      continue;
    }
    const { labels, renamed } = storedLabels(one.labels, rules);
    renamedLabels += renamed;
    series.push({ ...one, labels });
  }
  return { stored: { series, metadata: request.metadata }, refusals: [...refusals], renamedLabels };
}

/** A request of 2.0 as it must arrive at a store of 1.0. */
export function translate({ series }: PlainRequest): PlainRequest {
  const families = new Map<Text, PlainMetadata>();
  for (const { labels, metadata, histograms } of series) {
    if (metadata === undefined || (metadata.type === 0 && metadata.help === '' && metadata.unit === '')) continue;
    const name = labels.find(([label]) => label === '__name__')?.[1] ?? '';
    const hasParts = [3, 4, 5].includes(metadata.type) && histograms.length === 0;
    const family = hasParts ? name.replace(/_(bucket|count|sum|gcount|gsum)$/, '') : name;
    if (!families.has(family)) families.set(family, { ...metadata, family });
  }
  const withoutStart = <T extends PlainTimed>({ startTimestampMs: _, ...rest }: T) => rest;
  return {
    series: series.map(({ labels, samples, exemplars, histograms }) => ({
      labels,
      samples: samples.map(withoutStart),
      exemplars,
      histograms: histograms.map(({ startTimestamp: _, ...rest }) => rest),
    })),
    metadata: [...families.values()],
  };
}
