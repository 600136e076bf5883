import {
  allocationDayRow,
  allocationPeriodRow,
  allocationRankRow,
  allocationSumRow,
  planReading,
  rankAllocations,
  readAllocationDays,
  readAllocationPeriods,
  readAllocations,
  withPeriods,
  type AllocationDay,
  type AllocationGroup,
  type AllocationSumRow,
  type ClickhouseClient,
  type ReadingPlan,
} from '@cloudtuner/clickhouse';
import { msPerDay, parseNanos, sumNanos, type TimeWindow } from '@cloudtuner/cost-model';
import { piecesOf, spansOf, type StepSpan } from '../domain/allocation-spans';
import type { AllocationsReader, ReadContext } from '../ports';

const surface = 'restapi';

/** Hours that one statement takes: a server reads parameters of up to 128 KiB, and a version is a hash of 64 characters. */
const maxHoursPerStatement = 1_000;

/** More rows than this are more than one answer can hold in memory: 422. */
const maxRows = 100_000;

const secondsOf = (timestampMs: number): number => Math.floor(timestampMs / 1000);

/** The part of a day that lies in a span: whole, or those of its hours. */
function clipped(day: AllocationDay, { startMs, endMs }: TimeWindow): AllocationDay {
  const dayMs = day.day * 1000;
  if (startMs <= dayMs && endMs >= dayMs + msPerDay) return day;
  const hours = day.hours.filter(({ hour }) => hour * 1000 >= startMs && hour * 1000 < endMs);
  // Hours that are not listed stay counted, so that the plan refuses to leave them out.
  const unlisted = day.hourCount - day.hours.length;
  return { ...day, hours, hourCount: hours.length + unlisted, rollup: null };
}

const overlaps = ({ day }: AllocationDay, { startMs, endMs }: TimeWindow): boolean =>
  day * 1000 < endMs && day * 1000 + msPerDay > startMs;

function planOf(days: readonly AllocationDay[], group: AllocationGroup, span: StepSpan): ReadingPlan {
  const inside = days.filter((day) => overlaps(day, span)).map((day) => clipped(day, span));
  return planReading(inside, group, {
    from: secondsOf(span.startMs),
    stepSeconds: span.stepMs === null ? null : secondsOf(span.stepMs),
  });
}

const isEmpty = ({ groupPeriods, podPeriods, groupDays, podDays, hours }: ReadingPlan): boolean =>
  groupPeriods.length + podPeriods.length + groupDays.length + podDays.length + hours.length === 0;

/** Pod-level facts in ClickHouse. A query ends inside the server after `maxExecutionSeconds`, whatever becomes of the client. */
export function createClickhouseAllocations(
  client: ClickhouseClient,
  { maxExecutionSeconds }: { maxExecutionSeconds: number },
): AllocationsReader {
  const asked = (account: string, { route, signal }: ReadContext) => ({
    tag: { surface, route },
    tenant: account,
    limits: { maxExecutionSeconds, maxResultRows: maxRows },
    signal,
  });
  const readPiece = async (
    account: string,
    { plan, group, span }: { plan: ReadingPlan; group: AllocationGroup; span: StepSpan },
    context: ReadContext,
  ): Promise<AllocationSumRow[] | null> => {
    const stepSeconds = span.stepMs === null ? null : secondsOf(span.stepMs);
    const reading = { plan, group, from: secondsOf(span.startMs), stepSeconds, top: null };
    const rows = await client.query({
      ...readAllocations(account, reading),
      schema: allocationSumRow,
      ...asked(account, context),
    });
    return rows.reduce((sum, row) => sum + row.fact_rows, 0) === plan.factRows ? rows : null;
  };
  return {
    async readDays(account, window, { hoursFromMs, includePeriods }, context) {
      const range = { from: secondsOf(window.startMs), until: secondsOf(window.endMs) };
      // Which period is current, its days say: read after or before them, another one is only not taken.
      const [days, periods] = await Promise.all([
        client.query({
          ...readAllocationDays(account, range, { hoursFrom: secondsOf(hoursFromMs) }),
          schema: allocationDayRow,
          ...asked(account, context),
        }),
        includePeriods
          ? client.query({
              ...readAllocationPeriods(account, range),
              schema: allocationPeriodRow,
              ...asked(account, context),
            })
          : [],
      ]);
      return withPeriods(days, periods);
    },
    async readSums(account, { days, group, steps }, context) {
      const hoursOf = (span: StepSpan): number => planOf(days, group, span).hours.length;
      const spans = spansOf(steps).flatMap((span) => piecesOf(span, hoursOf, maxHoursPerStatement));
      const sums: AllocationSumRow[] = [];
      for (const span of spans) {
        const plan = planOf(days, group, span);
        if (isEmpty(plan)) continue;
        const rows = await readPiece(account, { plan, group, span }, context);
        if (rows === null) return null;
        for (const row of rows) sums.push(row);
      }
      return sums;
    },
    async readPage(account, { days, group, window, clusterName, page }, context) {
      const plan = planOf(days, group, { ...window, stepMs: null });
      if (isEmpty(plan)) return { sums: [], count: 0 };
      const { parts, withIdle, limit, offset } = page;
      const names = { parts, cluster: clusterName };
      const rank = (part: { limit: number; offset: number; withIdle?: boolean }) =>
        client.query({
          ...rankAllocations(account, { plan, names, withIdle, ...part }),
          schema: allocationRankRow,
          ...asked(account, context),
        });
      const ranked = await rank({ limit, offset });
      const [first] = ranked;
      if (first === undefined) {
        // Only a row says how many there are, and of how many facts: idle is one, should there be no other.
        const [[dearest], [anyRow]] = await Promise.all([
          offset === 0 ? [] : rank({ limit: 1, offset: 0 }),
          rank({ limit: 1, offset: 0, withIdle: true }),
        ]);
        return (anyRow?.all_fact_rows ?? 0) === plan.factRows ? { sums: [], count: dearest?.names ?? 0 } : null;
      }
      if (first.all_fact_rows !== plan.factRows) return null;
      const from = secondsOf(window.startMs);
      const named = { ...names, names: ranked.map(({ name }) => name) };
      const sums = await client.query({
        ...readAllocations(account, { plan, group, from, stepSeconds: null, top: null, named }),
        schema: allocationSumRow,
        ...asked(account, context),
      });
      const rankedCost = sumNanos(ranked.map(({ total_cost }) => parseNanos(total_cost)));
      const isWhole = sumNanos(sums.map(({ total_cost }) => parseNanos(total_cost))) === rankedCost;
      return isWhole ? { sums, count: first.names } : null;
    },
  };
}
