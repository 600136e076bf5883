import {
  allocationDayRow,
  allocationSumRow,
  planReading,
  readAllocationDays,
  readAllocations,
  type ClickhouseClient,
} from '@cloudtuner/clickhouse';
import { formatNanos, parseNanos, sumNanos } from '@cloudtuner/cost-model';
import { isAppError } from '@cloudtuner/errors';
import { daySeconds, hourSeconds, hoursBetween, isoOf } from '../domain/calendar';
import { dayCost, hourCost } from './sample-hours';
import { currentExpenses, currentTotal, type Days } from './stored-rows';

/** What the readers have seen so far. */
export interface PollingReaders {
  readonly wrong: ReadonlySet<string>;
  /** Answers that were right. */
  readonly answers: () => number;
  stop(): Promise<void>;
}

interface Polled {
  readonly client: ClickhouseClient;
  readonly account: string;
  readonly days: Days;
  readonly allocationRows: number;
  /** Tells what is wrong with an answer; null: nothing. */
  readonly judge: (where: string, problem: string | null) => void;
}

/** Readers are not to take the whole machine. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 50));

const tag = { surface: 'test', route: 'polling-reader' };

/** Each hour by itself: there as a whole or not at all, and never its assets without its allocations. */
async function readHours({ client, account, days, allocationRows, judge }: Polled): Promise<void> {
  for (const hour of hoursBetween(days.from, days.to)) {
    const seenIn = async (table: 'asset_hours' | 'allocation_hours'): Promise<string> => {
      const { total, rows } = await currentTotal(client, account, { from: hour, to: hour + hourSeconds }, table);
      return `${total} of ${String(rows)}`;
    };
    // In this order: between the two the hour may come, but not go.
    const [assets, allocations] = [await seenIn('asset_hours'), await seenIn('allocation_hours')];
    const [nothing, whole] = ['0 of 0', `${hourCost[1]} of ${String(allocationRows)}`];
    const isRight =
      (assets === nothing && [nothing, whole].includes(allocations)) ||
      (assets === `${hourCost[1]} of 4` && allocations === whole);
    judge(isoOf(hour), isRight ? null : `assets ${assets}, allocations ${allocations}`);
    await pause();
  }
}

async function readExpenses({ client, account, days, judge }: Polled): Promise<void> {
  for (let day = days.from; day < days.to; day += daySeconds) {
    const expenses = await currentExpenses(client, account, isoOf(day).slice(0, 10));
    const isRight = expenses.every(({ cost, copies }) => cost === dayCost[1] && copies === 1);
    judge(`expenses ${isoOf(day)}`, isRight ? null : JSON.stringify(expenses));
  }
}

/** All days at once, by namespace, as restapi reads them: from their sums where they are there, else from the hours. */
async function readSums({ client, account, days, judge }: Polled): Promise<void> {
  const group = { columns: ['namespace'], labelKeys: [] } as const;
  const found = await client.query({
    ...readAllocationDays(account, { from: days.from, until: days.to }),
    schema: allocationDayRow,
    tag,
    tenant: account,
  });
  const plan = planReading(found, group, { from: days.from, stepSeconds: null });
  const rows = await client.query({
    ...readAllocations(account, { plan, group, from: days.from, stepSeconds: null, top: null }),
    schema: allocationSumRow,
    tag,
    tenant: account,
  });
  const total = sumNanos(rows.map(({ total_cost }) => parseNanos(total_cost)));
  const factRows = rows.reduce((sum, row) => sum + row.fact_rows, 0);
  const isWhole = total % parseNanos(hourCost[1]) === 0n && factRows === plan.factRows;
  judge('sums', isWhole ? null : `${formatNanos(total)} of ${String(factRows)}, planned ${String(plan.factRows)}`);
}

/** Reads all the while until it is stopped. An answer that cannot be had, because the server is away, is no answer. */
export function startPollingReaders(polled: Omit<Polled, 'judge'>): PollingReaders {
  const wrong = new Set<string>();
  let answers = 0;
  let isDone = false;
  const judge = (where: string, problem: string | null): void => {
    if (problem === null) answers += 1;
    else wrong.add(`${where}: ${problem}`);
  };
  const poll = async (read: (polled: Polled) => Promise<void>): Promise<void> => {
    while (!isDone) {
      try {
        await read({ ...polled, judge });
      } catch (error) {
        if (!isAppError(error) || !['upstream-unavailable', 'timeout'].includes(error.kind)) throw error;
      }
      await pause();
    }
  };
  const polling = Promise.all([readHours, readExpenses, readSums].map(poll));
  polling.catch((error: unknown) => wrong.add(String(error)));
  return {
    wrong,
    answers: () => answers,
    async stop() {
      isDone = true;
      await polling;
    },
  };
}
