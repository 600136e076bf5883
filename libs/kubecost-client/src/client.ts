import { AppError, isAppError } from '@cloudtuner/errors';
import { z } from 'zod';
import { allocationSchema, type KubecostAllocation } from './allocation-schema';
import type { KubecostApi, KubecostEndpoint, SavingsKind } from './api';
import { assetSchema, type KubecostAsset } from './asset-schema';
import { unexpectedBySchema } from './answer-error';
import { detectApi } from './detect';
import { createClusterCheck, type ClusterCheck } from './one-cluster';
import type { EndpointPolicy } from './endpoint-policy';
import {
  budgetSchema,
  predictionSchema,
  savingsSchema,
  type KubecostBudget,
  type KubecostPrediction,
  type KubecostSavings,
} from './governance-schema';
import { createRowParser, type RowPlace } from './row-stream';
import { createResilience, type ResilienceOptions } from './resilience';
import { createTransport, type ByteBudget, type KubecostRequest, type KubecostTls } from './transport';

/** Where Kubecost is and how patient to be with it. */
export interface KubecostClientOptions extends ResilienceOptions {
  /** Of Kubecost's frontend or of the cost model itself, with or without `/model`. */
  readonly url: string;
  readonly tls?: KubecostTls;
  /** Where the address comes from somebody else than the operator: what it may lead to. Every call @throws AppError `kubecost-endpoint-refused` */
  readonly policy?: EndpointPolicy;
  /** Whose address it is, for the policy. */
  readonly organizationId?: string;
  /**
   * The one cluster that allocations and assets are wanted of, as Kubecost names it; null: the only one that it knows. Absent: all.
   * Where it cannot be told whose rows are, the call @throws AppError `kubecost-answer-unexpected`
   */
  readonly clusterId?: string | null;
  /** Time limit of one attempt, its whole answer included, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number;
  /** Longest answer of `/allocation`, which is read in pieces. Default 2 GiB. */
  readonly maxStreamBytes?: number;
  /** Longest answer of everything else. Default 64 MiB. */
  readonly maxJsonBytes?: number;
}

/** What one call may take along. */
export interface CallOptions {
  /** Cancels the call and its retries. */
  readonly signal?: AbortSignal | undefined;
  /** Unix milliseconds: a call whose turn by the rate limit would come later fails at once with `kubecost-busy`. */
  readonly deadlineMs?: number | undefined;
  /** Bytes that may still be read, shared by calls that together answer one question; counted down. */
  readonly budget?: ByteBudget | undefined;
}

/** A question about allocations. Nothing is shared and idle is left out unless `parameters` asks for it. */
export interface AllocationQuery extends CallOptions {
  /** Kubecost's grammar: `1h`, `yesterday`, two RFC 3339 times with `Z`, … */
  readonly window: string;
  /** By default one row a container. */
  readonly aggregate?: readonly string[];
  /** One set of rows for each; by default one for the whole window. */
  readonly step?: string;
  /** Adds all steps up. */
  readonly accumulate?: boolean;
  /** Rows in one answer of Kubecost; it is asked again until all are there. OpenCost knows no pages. */
  readonly pageRows?: number;
  /** Further parameters, in the spelling of the product. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** A question about assets. */
export interface AssetQuery extends CallOptions {
  readonly window: string;
  readonly accumulate?: boolean;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** Asks Kubecost 1 and 2, and OpenCost. Every call @throws AppError with a code that begins with `kubecost-`. */
export interface KubecostClient {
  /** Who answers at the address; asked once, and again after it knew nothing of a route. */
  detect(options?: CallOptions): Promise<KubecostApi>;
  /**
   * Folds the rows of an answer into one value while it arrives, in bounded memory. An attempt that fails in the middle
   * is thrown away with all that it had gathered: `start` is called for each.
   */
  foldAllocations<T>(
    query: AllocationQuery,
    start: () => T,
    add: (value: T, row: KubecostAllocation) => void,
  ): Promise<T>;
  /** All rows at once. */
  getAllocations(query: AllocationQuery): Promise<KubecostAllocation[]>;
  /** One map for each step that has any, under Kubecost's key of the asset. */
  getAssets(query: AssetQuery): Promise<ReadonlyMap<string, KubecostAsset>[]>;
  getBudgets(options?: CallOptions): Promise<KubecostBudget[]>;
  /** What Kubernetes objects, as YAML documents, would cost. */
  predict(
    question: CallOptions & {
      readonly clusterId: string;
      readonly defaultNamespace: string;
      readonly yaml: string;
      readonly window?: string;
    },
  ): Promise<KubecostPrediction[]>;
  getSavings(
    kind: SavingsKind,
    options?: CallOptions & { readonly parameters?: Readonly<Record<string, string>> },
  ): Promise<KubecostSavings>;
  close(): Promise<void>;
}

const defaultTimeoutMs = 60_000;
const mebibyte = 1024 * 1024;

const envelope = z.looseObject({ code: z.literal(200), data: z.unknown() });

function parseWith<T>(schema: z.ZodType<T>, value: unknown, where = 'data'): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw unexpectedBySchema(where, parsed.error);
  return parsed.data;
}

/** Some routes answer in an envelope, some without, and it differs by version. */
function dataOf(answer: unknown): unknown {
  const isEnvelope = typeof answer === 'object' && answer !== null && 'code' in answer;
  return isEnvelope ? parseWith(envelope, answer, 'the answer').data : answer;
}

/** Not every version heeds a filter: what it answers is looked through all the same. */
function clusterFilter(clusterId: string | null | undefined, filter: string | undefined): Record<string, string> {
  const own = clusterId === null || clusterId === undefined ? [] : [`cluster:"${clusterId}"`];
  const all = [...own, ...(filter === undefined ? [] : [filter])];
  return all.length === 0 ? {} : { filter: all.join('+') };
}

function allocationParameters(query: AllocationQuery, clusterId: string | null | undefined): Record<string, string> {
  const { window, aggregate, step, accumulate = step === undefined, parameters = {} } = query;
  return {
    window,
    ...(aggregate === undefined ? {} : { aggregate: aggregate.join(',') }),
    ...(step === undefined ? {} : { step }),
    accumulate: String(accumulate),
    // One says `includeIdle` and leaves it out by default, the other `idle` and does not.
    idle: 'false',
    includeIdle: 'false',
    shareIdle: 'false',
    ...parameters,
    ...clusterFilter(clusterId, parameters['filter']),
  };
}

/** A client of one Kubecost or OpenCost. It connects when it is first used. */
export function createKubecostClient(options: KubecostClientOptions): KubecostClient {
  const transport = createTransport({
    url: options.url,
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    maxJsonBytes: options.maxJsonBytes ?? 64 * mebibyte,
    maxStreamBytes: options.maxStreamBytes ?? 2048 * mebibyte,
    ...(options.tls === undefined ? {} : { tls: options.tls }),
    ...(options.policy === undefined ? {} : { lookup: options.policy.lookup }),
  });
  const attempts = createResilience(options);
  const { clusterId } = options;
  const checkOf = (rows: Parameters<typeof createClusterCheck>[1]): ClusterCheck =>
    clusterId === undefined ? () => true : createClusterCheck(clusterId, rows);
  let found: KubecostApi | undefined;

  const fault = options.policy?.fault(options.url, options.organizationId ?? '') ?? null;
  const detect = async (call: CallOptions = {}): Promise<KubecostApi> => {
    // It may have been allowed when it was set.
    if (fault !== null) throw new AppError('kubecost-endpoint-refused', `The address of Kubecost ${fault}.`);
    found ??= await attempts.detect(() => detectApi(transport, call.signal), call);
    return found;
  };

  /** Another product or version may stand at the address since it was last asked. */
  const noteChange = (error: unknown): never => {
    if (isAppError(error) && error.code === 'kubecost-not-offered') found = undefined;
    throw error;
  };

  const ask = async (endpoint: KubecostEndpoint, sent: KubecostRequest & CallOptions): Promise<unknown> => {
    const { prefix } = await detect(sent);
    return attempts[endpoint](() => transport.json({ ...sent, path: `${prefix}${sent.path}` }), sent).catch(noteChange);
  };

  const askKubecost = async (endpoint: KubecostEndpoint, sent: KubecostRequest & CallOptions): Promise<unknown> => {
    const { product } = await detect(sent);
    if (product === 'kubecost') return dataOf(await ask(endpoint, sent));
    throw new AppError('kubecost-not-offered', `OpenCost has no ${endpoint}.`);
  };

  const readPages = async <T>(
    { query, api }: { query: AllocationQuery; api: KubecostApi },
    value: T,
    add: (value: T, row: KubecostAllocation) => void,
  ): Promise<T> => {
    const { signal, budget } = query;
    const pageRows = api.product === 'kubecost' ? query.pageRows : undefined;
    const isOurs = checkOf(query.aggregate === undefined ? 'containers' : 'groups');
    for (let offset = 0; ;) {
      const page = pageRows === undefined ? {} : { offset: String(offset), limit: String(pageRows) };
      const parser = createRowParser({
        schema: allocationSchema,
        onRow: (row) => {
          if (isOurs(row)) add(value, row);
        },
      });
      const parameters = { ...allocationParameters(query, clusterId), ...page };
      await transport.stream({ path: `${api.prefix}/allocation`, parameters, signal, budget }, (chunk) => {
        parser.write(chunk);
      });
      parser.end();
      offset += parser.rows;
      if (pageRows === undefined || parser.rows < pageRows) return value;
    }
  };

  /** OpenCost answers one map, Kubecost a list of maps, one for each step; null is no asset. */
  const readAssets = async (sent: KubecostRequest): Promise<ReadonlyMap<string, KubecostAsset>[]> => {
    const sets = new Map<number, Map<string, KubecostAsset>>();
    const isOurs = checkOf('assets');
    const onRow = (asset: KubecostAsset, { key, set }: RowPlace): void => {
      if (!isOurs(asset)) return;
      sets.set(set, (sets.get(set) ?? new Map<string, KubecostAsset>()).set(key, asset));
    };
    const parser = createRowParser({ schema: assetSchema, onRow, mayBeOneSet: true });
    await transport.stream({ ...sent, isKept: true }, (chunk) => {
      parser.write(chunk);
    });
    parser.end();
    return [...sets.values()];
  };

  const foldAllocations: KubecostClient['foldAllocations'] = async (query, start, add) => {
    const api = await detect(query);
    return attempts.allocation(() => readPages({ query, api }, start(), add), query).catch(noteChange);
  };

  return {
    detect,
    foldAllocations,
    getAllocations: (query) =>
      foldAllocations<KubecostAllocation[]>(
        query,
        () => [],
        (rows, row) => rows.push(row),
      ),
    async getAssets({ window, accumulate = true, parameters = {}, ...call }) {
      const all = { window, accumulate: String(accumulate), ...parameters };
      const { prefix } = await detect(call);
      return attempts
        .assets(() => readAssets({ path: `${prefix}/assets`, parameters: all, ...call }), call)
        .catch(noteChange);
    },
    getBudgets: async (call = {}) =>
      parseWith(z.array(budgetSchema).nullable(), await askKubecost('budgets', { path: '/budgets', ...call })) ?? [],
    async predict({ clusterId, defaultNamespace, yaml, window, ...call }) {
      const sent: KubecostRequest = {
        path: '/prediction/speccost',
        parameters: { clusterID: clusterId, defaultNamespace, ...(window === undefined ? {} : { window }) },
        body: { contentType: 'application/yaml', text: yaml },
        ...call,
      };
      return parseWith(z.array(predictionSchema).nullable(), await askKubecost('prediction', sent)) ?? [];
    },
    getSavings: async (kind, call = {}) =>
      parseWith(savingsSchema, await askKubecost('savings', { path: `/savings/${kind}`, ...call })),
    close: () => transport.close(),
  };
}
