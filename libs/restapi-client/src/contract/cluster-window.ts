import { z } from 'zod';
import { integerParam, interval, moneyForm, unixSeconds, unixSecondsParam, uuid, warning } from './scalars';

const maxWindowLength = 200;
const defaultPageSize = 100;
const limit = integerParam({ min: 1, max: 1000 });
const offset = integerParam({ min: 0, max: 1_000_000 });

/** The two ways to name a window in a query, and the form of amounts. */
export const windowFields = {
  window: z.string().min(1).max(maxWindowLength).optional(),
  start_time: unixSecondsParam.optional(),
  end_time: unixSecondsParam.optional(),
};

interface WindowFields {
  readonly window?: string | undefined;
  readonly start_time?: number | undefined;
  readonly end_time?: number | undefined;
}

/** True when the window is named in one of the two ways, and not in both. */
export const namesOneWindow = ({ window, start_time, end_time }: WindowFields): boolean =>
  window === undefined
    ? start_time !== undefined && end_time !== undefined
    : start_time === undefined && end_time === undefined;

/** What {@link namesOneWindow} asks for. */
export const oneWindow = { message: 'needs either window, or start_time and end_time', path: ['window'] };

/** The rules of {@link windowFields}, for the document. */
export const windowRules = [oneWindow.message] as const;

/** The part of a list that is answered. */
export const pageFields = { limit: limit.default(defaultPageSize), offset: offset.default(0) };

/** The same of an answer that is a list only if it is asked to be one. */
export const optionalPageFields = { limit: limit.optional(), offset: offset.optional() };

/** Form of amounts in an answer. */
export const moneyFields = { money: moneyForm };

/** Path parameters of a cluster. */
export const clusterParams = z.object({ cluster_id: uuid });

/** Scope by a cluster's id in the path. */
export const inCluster = { of: 'cloud-account', from: 'params', field: 'cluster_id' } as const;

/** Measured ÷ expected time of the part that has passed; null when none has. */
export const coverage = z.number().min(0).max(1).nullable();

/** What every answer about a window of a cluster says of itself. */
export const answerHead = {
  cluster_id: z.uuid(),
  cluster_name: z.string(),
  currency: z.string(),
  /** The window that was answered. */
  window: interval,
  /** When it can no longer change but by late data. */
  final_after: unixSeconds,
  coverage,
  freshness: z.object({ last_sample_at: unixSeconds.nullable() }),
  flags: z.array(z.string()),
  warnings: z.array(warning),
};

/** SHA-256 over the versions of the hours that were read; the same version is the same answer. */
export const dataVersion = z.string();

/** Which part of a list this is, and how long it is in all. */
export const pageHead = { limit: z.int(), offset: z.int(), total_count: z.int() };

/** Whose figures are asked for. */
export const sourceField = {
  source: z
    .enum(['auto', 'live', 'stored'])
    .default('auto')
    .describe(
      'Of a cluster whose Kubecost may be asked: `auto` asks it first and answers what is stored when it cannot answer in time, `live` fails then, `stored` does not ask it. A live answer is Kubecost’s own figure, not part of any total of ours.',
    ),
};

/** Whose figures were answered. */
export const sourceHead = {
  source: z.enum(['live', 'stored']).describe('Whose figures these are: those of the account’s Kubecost, or ours.'),
  source_reason: z
    .string()
    .nullable()
    .describe('Why they are not live: the code of what Kubecost failed with, or that it was not asked.'),
};
