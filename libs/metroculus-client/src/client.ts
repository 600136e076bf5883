import { readAllocationsStream, type KubecostAllocations } from './allocations-stream';
import { readAssetsStream, type KubecostAssets } from './assets-stream';
import { compatPath, readCompatStream, type CompatAllocations } from './compat-contract';
import { createCaller, type Call, type MetroculusClientOptions, type Parameters } from './caller';
import {
  clusterCostsSchema,
  kubecostMetricsSchema,
  kubecostSavingsSchema,
  metroculusPaths,
  type ClusterCosts,
  type KubecostMetrics,
  type KubecostSavings,
} from './contract';
import { descriptionsPath, kubecostDescriptionsSchema, type KubecostDescriptions } from './descriptions-contract';
import { readFiguresStream, type KubecostFigures } from './figures-stream';
import { kubecostStatementsSchema, statementPaths, type KubecostStatements } from './statements-contract';
import {
  kubecostUsageSchema,
  kubecostUtilizationSchema,
  usagePaths,
  type KubecostUsage,
  type KubecostUtilization,
  type UtilizationMetric,
} from './usage-contract';

/** A window of one account: `[startSeconds, endSeconds)`, unix seconds. */
export interface AccountWindow {
  readonly cloudAccountId: string;
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Cancels the call and its retries. */
  readonly signal?: AbortSignal;
}

/**
 * Calls metroculus.
 *
 * Every call throws AppError: `metroculus-unavailable`, `metroculus-timeout`, `metroculus-rejected`, or the limit that was
 * exceeded, `range-too-long`, `too-many-points`, `metrics-query-too-large`.
 */
export interface MetroculusClient {
  getKubecostMetrics(
    window: AccountWindow & { readonly metrics?: readonly string[]; readonly stepSeconds?: number },
  ): Promise<KubecostMetrics>;
  getKubecostClusterCosts(window: AccountWindow): Promise<ClusterCosts>;
  getKubecostSavings(window: AccountWindow): Promise<KubecostSavings>;
  /**
   * All assets of one hour, or of the part of it that has passed. The start is aligned to the hour.
   *
   * @throws AppError `metroculus-incomplete-stream` when the stream was cut.
   */
  getKubecostAssets(window: AccountWindow): Promise<KubecostAssets>;
  /**
   * The assets of one hour, or of the part of it that has passed, and what each container took of them. The start is
   * aligned to the hour. The answer is read while it arrives.
   *
   * @throws AppError `metroculus-incomplete-stream` when the stream was cut or is not true to its last line.
   */
  getKubecostAllocations(window: AccountWindow): Promise<KubecostAllocations>;
  /**
   * The allocations of a window of up to a day by OpenCost's arithmetic of 2024, its defects included; they do not add up to the assets.
   *
   * @throws AppError `metroculus-incomplete-stream` when the stream was cut.
   */
  getKubecostCompatAllocations(window: AccountWindow): Promise<CompatAllocations>;
  /** What describes a cluster, as it was last seen in the window; at most an hour long. */
  getKubecostDescriptions(window: AccountWindow): Promise<KubecostDescriptions>;
  /** Of which closed hours Kubecost's own figures were scraped in the window, at most two hours long. */
  getKubecostStatements(window: AccountWindow): Promise<KubecostStatements>;
  /**
   * Kubecost's own figures of the hour that begins at `hourSeconds`, as they were scraped at that moment.
   *
   * @throws AppError `metroculus-incomplete-stream` when the stream was cut.
   */
  getKubecostFigures(statement: {
    readonly cloudAccountId: string;
    readonly hourSeconds: number;
    readonly saidAtMs: number;
    readonly signal?: AbortSignal;
  }): Promise<KubecostFigures>;
  /** How much of a cluster was used, requested and there, over time. */
  getKubecostUtilization(
    window: AccountWindow & { readonly metric: UtilizationMetric; readonly stepSeconds?: number },
  ): Promise<KubecostUtilization>;
  /** Requests, limits and usage of all namespaces, or of the workloads of one; and quotas. */
  getKubecostUsage(window: AccountWindow & { readonly namespace?: string }): Promise<KubecostUsage>;
  /** Resolves when the service is ready to answer. */
  ping(): Promise<void>;
  /** Closes idle connections. */
  close(): void;
}

function windowParameters({ cloudAccountId, startSeconds, endSeconds }: AccountWindow): Parameters {
  return { cloud_account_id: cloudAccountId, start_date: startSeconds, end_date: endSeconds };
}

const json = <T>(schema: { readonly parse: (input: unknown) => T }): Call<T>['answer'] => ({
  read: (body) => schema.parse(JSON.parse(body)),
});

/** A client of metroculus. It connects when it is first used. */
export function createMetroculusClient(options: MetroculusClientOptions): MetroculusClient {
  const { call, close } = createCaller(options);
  const ask = <T>(path: string, window: AccountWindow, answer: Call<T>['answer'], more: Parameters = {}): Promise<T> =>
    call({ path, parameters: { ...windowParameters(window), ...more }, signal: window.signal, answer });

  return {
    getKubecostMetrics: (window) =>
      ask(metroculusPaths.metrics, window, json(kubecostMetricsSchema), {
        ...(window.metrics === undefined ? {} : { metrics: window.metrics.join(',') }),
        ...(window.stepSeconds === undefined ? {} : { step: window.stepSeconds }),
      }),
    getKubecostClusterCosts: (window) => ask(metroculusPaths.clusterCosts, window, json(clusterCostsSchema)),
    getKubecostSavings: (window) => ask(metroculusPaths.savings, window, json(kubecostSavingsSchema)),
    getKubecostAssets: (window) => ask(metroculusPaths.assets, window, { read: readAssetsStream }),
    getKubecostAllocations: (window) => ask(metroculusPaths.allocations, window, { stream: readAllocationsStream }),
    getKubecostCompatAllocations: (window) => ask(compatPath, window, { stream: readCompatStream }),
    getKubecostDescriptions: (window) => ask(descriptionsPath, window, json(kubecostDescriptionsSchema)),
    getKubecostStatements: (window) => ask(statementPaths.statements, window, json(kubecostStatementsSchema)),
    getKubecostFigures: ({ cloudAccountId, hourSeconds, saidAtMs, signal }) =>
      call({
        path: statementPaths.figures,
        parameters: { cloud_account_id: cloudAccountId, hour: hourSeconds, said_at_ms: saidAtMs },
        signal,
        answer: { stream: readFiguresStream },
      }),
    getKubecostUtilization: (window) =>
      ask(usagePaths.utilization, window, json(kubecostUtilizationSchema), {
        metric: window.metric,
        ...(window.stepSeconds === undefined ? {} : { step: window.stepSeconds }),
      }),
    getKubecostUsage: (window) =>
      ask(usagePaths.usage, window, json(kubecostUsageSchema), {
        ...(window.namespace === undefined ? {} : { namespace: window.namespace }),
      }),
    ping: () => call({ path: '/readyz', parameters: {}, signal: undefined, answer: { read: () => undefined } }),
    close,
  };
}
