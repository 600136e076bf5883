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
  type AllocationReading,
  type ClickhouseClient,
} from '@cloudtuner/clickhouse';
import { firstDay } from './facts-sql';
import { chosenLabel } from './fill';
import { cpuSeconds } from '../proc';
import type { Size } from './sizes';

const tag = { surface: 'bench', route: 'questions' };
const secondsPerDay = 86_400;

interface Grouping {
  readonly name: string;
  readonly group: AllocationGroup;
  readonly top: number | null;
}

const groupings: readonly Grouping[] = [
  { name: 'namespace', group: { columns: ['namespace'], labelKeys: [] }, top: null },
  { name: 'controller', group: { columns: ['namespace', 'controller_kind', 'controller'], labelKeys: [] }, top: null },
  { name: 'pod, top 100', group: { columns: ['namespace', 'pod'], labelKeys: [] }, top: 100 },
  { name: 'chosen label', group: { columns: [], labelKeys: [chosenLabel] }, top: null },
  { name: 'other label', group: { columns: [], labelKeys: ['env'] }, top: null },
];

/** One window by one grouping. */
export interface Answer {
  readonly window: string;
  readonly grouping: string;
  readonly rows: number;
  /** Milliseconds of each run, sorted. */
  readonly runsMs: readonly number[];
  /** CPU time of the server for one run: what is left of a time when the machine is busy with something else. */
  readonly cpuMs: number;
  readonly total: string;
}

interface Question {
  readonly name: string;
  readonly days: number;
  /** Between its end and that of the history. */
  readonly daysAfter?: number;
  /** As if no rollup were there, which is how the day that is not over is answered. */
  readonly fromHours: boolean;
}

const questions: readonly Question[] = [
  { name: '1 day, from hours', days: 1, fromHours: true },
  { name: '1 day', days: 1, fromHours: false },
  { name: '7 days', days: 7, fromHours: false },
  { name: '30 days', days: 30, fromHours: false },
  // The one day of the week that leaves three whole weeks and nine days.
  { name: '30 days from a Monday', days: 30, daysAfter: 1, fromHours: false },
  { name: '1 year', days: 365, fromHours: false },
];

const withoutRollup = (day: AllocationDay): AllocationDay => ({ ...day, rollup: null });

interface Asking {
  readonly client: ClickhouseClient;
  readonly account: string;
  readonly size: Size;
  /** Of the server. */
  readonly pid: number | undefined;
}

const everything: AllocationGroup = { columns: [], labelKeys: [] };

/** All statements of an answer, as restapi sends them, rows parsed. */
async function ask({ client, account, size }: Asking, question: Question, { group, top }: Grouping) {
  const until = firstDay + (size.days - (question.daysAfter ?? 0)) * secondsPerDay;
  const from = until - question.days * secondsPerDay;
  const common = { tag, tenant: account };
  const [found, periods] = await Promise.all([
    client.query({
      ...readAllocationDays(account, { from, until }, question.fromHours ? {} : { hoursFrom: until }),
      schema: allocationDayRow,
      ...common,
    }),
    client.query({
      ...readAllocationPeriods(account, { from, until }),
      schema: allocationPeriodRow,
      ...common,
    }),
  ]);
  const days = withPeriods(found, periods);
  const steps = { from, stepSeconds: null };
  const asked = question.fromHours ? days.map(withoutRollup) : days;
  const plan = planReading(asked, group, steps);
  const read = (reading: Pick<AllocationReading, 'plan' | 'group' | 'named'>) =>
    client.query({
      ...readAllocations(account, { ...reading, ...steps, top: null }),
      schema: allocationSumRow,
      ...common,
    });
  if (top === null) return read({ plan, group });
  // A page of pods: the sum of all from the smallest table, the names of the page, and their rows.
  const names = { parts: ['namespace', 'pod'], cluster: '' } as const;
  const ranking = { plan, names, withIdle: true, limit: top, offset: 0 };
  const [ranked] = await Promise.all([
    client.query({ ...rankAllocations(account, ranking), schema: allocationRankRow, ...common }),
    read({ plan: planReading(asked, everything, steps), group: everything }),
  ]);
  return read({ plan, group, named: { ...names, names: ranked.map(({ name }) => name) } });
}

const warmUps = 2;
const runs = 20;
const mostMsPerCell = 8_000;

async function measure(asking: Asking, question: Question, grouping: Grouping): Promise<Answer> {
  const runsMs: number[] = [];
  let rows = 0;
  let nanos = 0n;
  let startedCpuSeconds = 0;
  const startedMs = performance.now();
  for (
    let run = -warmUps;
    run < runs && (runsMs.length < 5 || performance.now() - startedMs < mostMsPerCell);
    run += 1
  ) {
    if (run === 0) startedCpuSeconds = cpuSeconds(asking.pid);
    const askedMs = performance.now();
    const answer = await ask(asking, question, grouping);
    if (run >= 0) runsMs.push(performance.now() - askedMs);
    rows = answer.length;
    nanos = answer.reduce((sum, { total_cost }) => sum + nanosOf(total_cost), 0n);
  }
  return {
    window: question.name,
    grouping: grouping.name,
    rows,
    runsMs: runsMs.toSorted((a, b) => a - b),
    cpuMs: ((cpuSeconds(asking.pid) - startedCpuSeconds) * 1_000) / runsMs.length,
    total: grouping.top === null ? String(nanos) : '',
  };
}

/** Exact, from a decimal with up to nine decimals. */
function nanosOf(text: string): bigint {
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.');
  const nanos = BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
  return text.startsWith('-') ? -nanos : nanos;
}

/** Every window that the history is long enough for, by every grouping. @throws Error when two groupings add up to different totals. */
export async function answerAll(asking: Asking, days: number): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const question of questions.filter((one) => one.days + (one.daysAfter ?? 0) <= days)) {
    for (const grouping of groupings) answers.push(await measure(asking, question, grouping));
    const ofWindow = answers.filter(({ window, total }) => window === question.name && total !== '');
    if (new Set(ofWindow.map(({ total }) => total)).size !== 1)
      throw new Error(`${question.name}: groupings add up differently`);
  }
  return answers;
}
