import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { SampleCluster } from '@cloudtuner/sample-cluster';
import { aggregated, idleOf } from './aggregate';
import { podCopy, withChangedType, writeSets, type Fault } from './faults';
import { allocationsOf, assetsOf, type AllocationRow, type AnswerRows } from './rows';
import { sampleBudget, samplePrediction, sampleSizing } from './sample-answers';
import { parseWindow } from './window';

/** What is answered from. */
export interface World {
  readonly cluster: SampleCluster;
  /** Answered of as well. */
  readonly otherClusters: readonly SampleCluster[];
  readonly product: 'kubecost' | 'opencost';
  readonly nowMs: () => number;
  /** By start of the hour: how many times its cost it costs. */
  readonly costFactors: ReadonlyMap<number, number>;
  /** Hours without rows, by their start. */
  readonly forgottenHours: ReadonlySet<number>;
  /** What is before is not known any more. */
  readonly keptFromMs: () => number;
}

/** How the server misbehaves at present. */
export interface Failure {
  readonly fault: Fault;
  readonly slowMs: number;
  readonly hugeBytes: number;
}

const msPerHour = 3_600_000;

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}

function sendText(response: ServerResponse, status: number, contentType: string, text: string): void {
  response.writeHead(status, { 'Content-Type': contentType });
  response.end(text);
}

function rowsOf(world: World, query: URLSearchParams): AnswerRows | undefined {
  const window = parseWindow(query.get('window') ?? '');
  return window === undefined ? undefined : rowsBetween(world, window);
}

function rowsBetween(
  { nowMs, costFactors, forgottenHours, keptFromMs }: World,
  window: { readonly startMs: number; readonly endMs: number },
): AnswerRows {
  const startMs = Math.max(window.startMs, Math.min(window.endMs, keptFromMs()));
  const endMs = Math.max(startMs, Math.min(window.endMs, nowMs()));
  const hourMs = Math.floor(window.startMs / msPerHour) * msPerHour;
  return {
    startMs,
    endMs: forgottenHours.has(hourMs) ? startMs : endMs,
    costFactor: costFactors.get(hourMs) ?? 1,
  };
}

const stepUnits: Readonly<Record<string, number>> = { m: 60_000, h: msPerHour, d: 24 * msPerHour };

/** The steps of a window; one without a step, or with one that is not known here. */
function stepsOf({ startMs, endMs }: AnswerRows, step: string | null): { startMs: number; endMs: number }[] {
  const [, count, unit = ''] = /^(\d+)([mhd])$/.exec(step ?? '') ?? [];
  const stepMs = Number(count) * (stepUnits[unit] ?? Number.NaN);
  if (Number.isNaN(stepMs)) return [{ startMs, endMs }];
  const starts = Array.from(
    { length: Math.ceil((endMs - startMs) / stepMs) },
    (_none, index) => startMs + index * stepMs,
  );
  return starts.map((start) => ({ startMs: start, endMs: start + stepMs }));
}

/** All clusters, or the one that a filter names. */
function clustersOf({ cluster, otherClusters }: World, query: URLSearchParams): SampleCluster[] {
  const wanted = /cluster:"([^"]+)"/.exec(query.get('filter') ?? '')?.[1];
  return [cluster, ...otherClusters].filter(({ clusterId }) => wanted === undefined || clusterId === wanted);
}

/** The rows of each step, added up and with idle as asked. */
function stepRowsOf(world: World, window: AnswerRows, query: URLSearchParams): [string, AllocationRow][][] {
  const aggregate = query.get('aggregate');
  const hasIdle = query.get('includeIdle') === 'true' || query.get('idle') === 'true';
  return stepsOf(window, query.get('step')).map((step) => {
    const found = rowsBetween(world, step);
    const rows = clustersOf(world, query).flatMap((cluster) => allocationsOf(cluster, found));
    const wanted = aggregate === null ? rows : aggregated(rows, aggregate);
    return [...wanted, ...(hasIdle && rows.length > 0 ? [idleOf(world.cluster, rows, found)] : [])].map(
      ([name, row]): [string, AllocationRow] => [name, row],
    );
  });
}

/** Answers `/allocation`. */
export async function answerAllocation(
  world: World,
  query: URLSearchParams,
  response: ServerResponse,
  { fault, hugeBytes }: Failure,
): Promise<void> {
  const window = rowsOf(world, query);
  if (window === undefined) {
    const message = `Error: illegal window: ${query.get('window') ?? ''}`;
    const second = JSON.stringify({ code: 500, status: '', data: null, message });
    // OpenCost says it twice: as text, then as JSON.
    sendText(response, 400, 'text/plain', `Invalid 'window' parameter: ${message}\n${second}`);
    return;
  }
  const [all = [], ...others] = stepRowsOf(world, window, query);
  const isPaged = world.product === 'kubecost' && query.has('limit');
  const offset = Number(query.get('offset') ?? 0);
  const rows = isPaged ? all.slice(offset, offset + Number(query.get('limit'))) : all;
  const wrong = fault === 'type' ? withChangedType(rows) : rows;
  await writeSets(response, [wrong, ...others], { fault, hugeBytes, copyOf: podCopy });
}

/** Answers `/assets`: a list of sets in Kubecost, one map in OpenCost. */
export async function answerAssets(
  world: World,
  query: URLSearchParams,
  response: ServerResponse,
  { fault, hugeBytes }: Failure,
): Promise<void> {
  const window = rowsOf(world, query);
  if (window === undefined) {
    sendJson(response, 400, { code: 400, status: '', data: null, message: 'Error: illegal window' });
    return;
  }
  const clusters = window.endMs > window.startMs ? clustersOf(world, query) : [];
  const assets = Object.assign({}, ...clusters.map((cluster) => assetsOf(cluster, window))) as Record<string, object>;
  if (world.product === 'opencost') {
    sendJson(response, 200, { code: 200, status: 'success', data: assets });
    return;
  }
  const rows = Object.entries(assets);
  const wrong = fault === 'type' ? withChangedType(rows) : rows;
  await writeSets(response, [wrong], { fault, hugeBytes, copyOf: (row) => row });
}

/** Answers `/clusterInfo`, which both products have. */
export function answerClusterInfo({ cluster }: World, response: ServerResponse): void {
  const { clusterId: id, name, provider } = cluster;
  sendJson(response, 200, { code: 200, data: { id, name, provider, version: '1.31' } });
}

/** Answers a route that only Kubecost has; false when it is none. */
export function answerKubecostOnly(path: string, response: ServerResponse): boolean {
  const answers: Readonly<Record<string, unknown>> = {
    '/budgets': { code: 200, data: [sampleBudget] },
    '/prediction/speccost': [samplePrediction],
    '/savings/requestSizingV2': { TotalMonthlySavings: 1.75, Count: 1, Recommendations: [sampleSizing] },
    '/savings/abandonedWorkloads': [],
  };
  if (!(path in answers)) return false;
  sendJson(response, 200, answers[path]);
  return true;
}

/** Answers a route that is not there: Kubecost's frontend with its page, the cost model of both with 404. */
export function answerUnknown({ product }: World, isOutsideOfApi: boolean, response: ServerResponse): void {
  if (product === 'kubecost' && isOutsideOfApi) sendText(response, 200, 'text/html', '<html>Kubecost</html>');
  else sendText(response, 404, 'text/plain', '404 page not found\n');
}

/** True when the fault is all there is to answer. */
export async function misbehaves({ fault, slowMs }: Failure, response: ServerResponse): Promise<boolean> {
  switch (fault) {
    case 'slow':
      await delay(slowMs, undefined, { ref: false });
      return false;
    case 'error':
      sendJson(response, 500, { code: 500, status: '', data: null, message: 'Error: the query failed' });
      return true;
    case 'text':
      sendText(response, 200, 'application/json', '{"code":200,"data":[{oops');
      return true;
    case 'html':
      sendText(response, 200, 'text/html', '<html>sign in</html>');
      return true;
    default:
      return false;
  }
}
