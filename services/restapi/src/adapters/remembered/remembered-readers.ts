import { createHash } from 'node:crypto';
import type { WorkloadCostsReader } from '../../expense-ports';
import type { AllocationsReader, AssetsReader, FactsReader, ReadContext } from '../../ports';
import type { AnswerMemory } from './answer-memory';
import type { DataStamps } from './data-stamps';

/** Readers of what is stored of accounts. */
export interface StoredReaders {
  readonly facts: FactsReader;
  readonly allocations: AllocationsReader;
  readonly assets: AssetsReader;
  readonly workloads: WorkloadCostsReader;
}

/** What one request has seen of an account. */
interface View {
  readonly stamp: Promise<string>;
  readonly asked: Set<string>;
}

type Ask = <T>(
  what: {
    readonly account: string;
    readonly question: readonly unknown[];
    /** How the answer is to be found, when not only the question decides. */
    readonly by?: string;
    readonly context: ReadContext;
  },
  read: () => Promise<T>,
  isKept?: (answer: T) => boolean,
) => Promise<T>;

/**
 * Asks once a request and account whether the data have changed, and remembers answers under what it was told. Who asks the same again in one
 * request has seen that something was replaced meanwhile, and is told of the newest state.
 */
function asking(memory: Pick<AnswerMemory, 'answer'>, stamps: Pick<DataStamps, 'of'>): Ask {
  const views = new WeakMap<AbortSignal, Map<string, View>>();
  const viewOf = (signal: AbortSignal, account: string, question: string): View => {
    const ofRequest = views.get(signal) ?? new Map<string, View>();
    views.set(signal, ofRequest);
    const known = ofRequest.get(account);
    const view =
      known === undefined || known.asked.has(question)
        ? { stamp: stamps.of(account), asked: new Set<string>() }
        : known;
    ofRequest.set(account, view);
    view.asked.add(question);
    return view;
  };
  return async ({ account, question, by = '', context }, read, isKept = () => true) => {
    const asked = createHash('sha256').update(JSON.stringify(question)).digest('base64');
    const { stamp } = viewOf(context.signal, account, asked);
    return memory.answer(`${account} ${asked} ${by} ${await stamp}`, { signal: context.signal, read, isKept });
  };
}

function rememberedAllocations(reader: AllocationsReader, ask: Ask): AllocationsReader {
  return {
    readDays: (account, window, options, context) =>
      ask(
        {
          account,
          question: ['days', window, options.hoursFromMs],
          by: options.includePeriods ? 'periods' : 'days',
          context,
        },
        () => reader.readDays(account, window, options, context),
      ),
    readSums: (account, what, context) =>
      ask(
        { account, question: ['sums', what], context },
        () => reader.readSums(account, what, context),
        (sums) => sums !== null,
      ),
    readPage: (account, what, context) =>
      ask(
        { account, question: ['page', what], context },
        () => reader.readPage(account, what, context),
        (page) => page !== null,
      ),
  };
}

function rememberedFacts(reader: FactsReader, ask: Ask): FactsReader {
  return {
    ...reader,
    readHours: (account, window, context) =>
      ask(
        { account, question: ['hours', window], context },
        () => reader.readHours(account, window, context),
        (hours) => hours.every(({ flags }) => !flags.includes('facts-missing')),
      ),
    readExpenses: (account, resourceId, window, context) =>
      ask({ account, question: ['expenses', resourceId, window], context }, () =>
        reader.readExpenses(account, resourceId, window, context),
      ),
  };
}

/** The same readers; what they have read once they know until what is stored of the account changes. */
export function rememberedReaders(
  readers: StoredReaders,
  { memory, stamps }: { readonly memory: Pick<AnswerMemory, 'answer'>; readonly stamps: Pick<DataStamps, 'of'> },
): StoredReaders {
  const ask = asking(memory, stamps);
  return {
    facts: rememberedFacts(readers.facts, ask),
    allocations: rememberedAllocations(readers.allocations, ask),
    assets: {
      readAssets: (account, hours, context) => {
        const versions = hours.map(({ startMs, dataVersion }) => [startMs, dataVersion]);
        return ask({ account, question: ['assets', versions], context }, () =>
          readers.assets.readAssets(account, hours, context),
        );
      },
    },
    workloads: {
      readDays: (account, window, question, context) =>
        ask({ account, question: ['workloads', window, question], context }, () =>
          readers.workloads.readDays(account, window, question, context),
        ),
    },
  };
}
