import { costComponents, hoursOf, nanosOrNull, nanosToNumber, sumKnownNanos } from '@cloudtuner/cost-model';
import type { CostComponent, Nanos, TimeWindow } from '@cloudtuner/cost-model';
import { allOrAbort } from '../domain/all-or-abort';
import { elapsedPart, readAssets, type AssetHour, type UseCaseContext } from './read-assets';

/** Costs by component as integers; null is "not measured". */
export type ExactBreakdown = Readonly<Record<CostComponent, Nanos | null>>;

/** Costs of one hour and what they rest on. */
export interface HourCosts extends Pick<AssetHour, 'window' | 'flags' | 'lastSampleMs' | 'dataVersion'> {
  readonly costs: ExactBreakdown;
  /** Measured ÷ expected, 0 to 1. */
  readonly coverage: number;
}

export interface ClusterCostsOfWindow {
  readonly summary: ExactBreakdown;
  readonly hours: readonly HourCosts[];
  readonly coverage: number;
  readonly lastSampleMs: number | null;
  readonly flags: readonly string[];
  readonly metrics: readonly string[];
}

function breakdownOf(parts: (component: CostComponent) => readonly (Nanos | null)[]): ExactBreakdown {
  return Object.fromEntries(costComponents.map((component) => [component, sumKnownNanos(parts(component))])) as Record<
    CostComponent,
    Nanos | null
  >;
}

const ratio = (measured: number, expected: number): number => (expected === 0 ? 0 : Math.min(1, measured / expected));

const sortedUnion = (texts: readonly Iterable<string>[]): string[] =>
  [...new Set(texts.flatMap((some) => [...some]))].sort();

function latest(timesMs: readonly (number | null)[]): number | null {
  return timesMs.reduce((last, timeMs) => (timeMs !== null && timeMs > (last ?? -1) ? timeMs : last), null);
}

/** The cost of a cluster hour by hour; the summary is the exact sum of the hours. */
export async function getClusterCosts(
  tenantId: string,
  asked: TimeWindow,
  context: UseCaseContext & { readonly parallelHours: number },
): Promise<ClusterCostsOfWindow> {
  const hours = await allOrAbort(
    context.signal,
    hoursOf(elapsedPart(asked, context.nowMs())),
    // What an hour is reduced to is kept, not its rows: a month of them would not fit.
    async (hour, signal) => {
      const assets = await readAssets(tenantId, hour, { ...context, signal });
      const { window, measuredSeconds, expectedSeconds, lastSampleMs, flags, dataVersion, metrics } = assets;
      const costs = breakdownOf((component) => assets.assets.map((fact) => nanosOrNull(fact[component])));
      const coverage = ratio(measuredSeconds, expectedSeconds);
      return { window, costs, coverage, measuredSeconds, expectedSeconds, lastSampleMs, flags, dataVersion, metrics };
    },
    context.parallelHours,
  );
  const total = (seconds: (hour: (typeof hours)[number]) => number): number =>
    hours.reduce((sum, hour) => sum + seconds(hour), 0);
  return {
    summary: breakdownOf((component) => hours.map(({ costs }) => costs[component])),
    hours,
    coverage: ratio(
      total(({ measuredSeconds }) => measuredSeconds),
      total(({ expectedSeconds }) => expectedSeconds),
    ),
    lastSampleMs: latest(hours.map(({ lastSampleMs }) => lastSampleMs)),
    flags: sortedUnion(hours.map(({ flags }) => flags)),
    metrics: sortedUnion(hours.map(({ metrics }) => metrics)),
  };
}

/** A breakdown with its total, as the API shows it: each rounded once from its integer. */
export function presentBreakdown(costs: ExactBreakdown): Record<CostComponent | 'total_cost', number | null> {
  const shown = (nanos: Nanos | null): number | null => (nanos === null ? null : nanosToNumber(nanos));
  const components = Object.fromEntries(
    costComponents.map((component) => [component, shown(costs[component])]),
  ) as Record<CostComponent, number | null>;
  return { total_cost: shown(sumKnownNanos(Object.values(costs))), ...components };
}
