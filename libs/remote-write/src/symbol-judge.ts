import type { SeriesViewV2 } from './series-view-v2';
import type { SymbolTable } from './symbol-table';
import { SeriesJudge, type SeriesRefusalCode, type SeriesRules } from './validate-series';

const known = 128;

/**
 * Judges series of Remote Write 2.0. Every symbol is looked at once in each role, however many series refer to it:
 * otherwise a small request with long symbols could ask for hours of work.
 */
export class SymbolJudge extends SeriesJudge<SeriesViewV2> {
  private readonly names: Uint8Array;
  private readonly values: Uint8Array;
  /** Symbols that are good metric names. */
  private readonly metricNames: Uint8Array;

  constructor(rules: SeriesRules, symbols: SymbolTable) {
    super(rules);
    this.names = new Uint8Array(symbols.count);
    this.values = new Uint8Array(symbols.count);
    this.metricNames = new Uint8Array(symbols.count);
  }

  protected override nameFacts(series: SeriesViewV2, label: number): number {
    const ref = series.nameRef(label);
    const remembered = this.names[ref] ?? 0;
    if (remembered !== 0) return remembered;
    const facts = super.nameFacts(series, label) | known;
    this.names[ref] = facts;
    return facts;
  }

  protected override valueFacts(series: SeriesViewV2, label: number): number {
    const ref = series.valueRef(label);
    const remembered = this.values[ref] ?? 0;
    if (remembered !== 0) return remembered;
    const facts = super.valueFacts(series, label) | known;
    this.values[ref] = facts;
    return facts;
  }

  protected override refusalOfMetricName(series: SeriesViewV2, label: number): SeriesRefusalCode | undefined {
    const ref = series.valueRef(label);
    if (this.metricNames[ref] === 1) return undefined;
    const refusal = super.refusalOfMetricName(series, label);
    if (refusal === undefined) this.metricNames[ref] = 1;
    return refusal;
  }
}
