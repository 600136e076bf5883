import { kubecostSeriesNames, type TimeWindow } from '@cloudtuner/cost-model';
import { range, selector } from '@cloudtuner/prometheus-client';
import type { TimedQuery } from './asset-queries';

// Only what Kubecost says of an hour as a whole is compared: how far a running one was is not its cost.
const ofClosedHours = { label: 'window', operator: '=', value: 'closed' } as const;

/** Which hour the closed window showed, at each scrape of a time. */
export function statementsQuery(tenantId: string, { startMs, endMs }: TimeWindow): TimedQuery {
  const starts = selector({ tenantId, metric: kubecostSeriesNames.windowStart, matchers: [ofClosedHours] });
  return { query: range(starts, endMs - startMs), atMs: endMs };
}

// All series of a scrape have its time. Shorter than any scrape interval.
const scrapeMs = 1_000;

/** Everything that the closed window showed in one scrape. */
export function figuresQuery(tenantId: string, saidAtMs: number): TimedQuery {
  const metrics = Object.values(kubecostSeriesNames);
  const shown = selector({ tenantId, metrics, matchers: [ofClosedHours] });
  return { query: range(shown, scrapeMs), atMs: saidAtMs };
}
