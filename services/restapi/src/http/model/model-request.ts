import {
  allocationFilterFields,
  defaultAggregate,
  parseFilter,
  parseStep,
  parseWindow,
  stepsOf,
} from '@cloudtuner/cost-model';
import { z } from 'zod';
import { groupOf } from '../../domain/allocation-group';
import type { AllocationsQuestion } from '../../usecases/read-allocations';
import { accumulateOf, allocationQueryOf, allocationWindow, invalidParameter } from '../allocation-request';
import { ledgerRequest } from '../cost-request';
import { filterParameters, joinedFilter } from './model-filters';

const text = z.string().max(10_000).optional();
const flag = z.enum(['true', 'false']).optional();

const filterNames = [...Object.keys(filterParameters), 'filterLabels', 'filterAnnotations'];

/** Parameters that change nothing here: there is one resolution, nothing external, and no adjustment. */
const withoutEffect = {
  resolution: text,
  external: flag,
  reconcile: flag,
  disableAdjustments: flag,
  includeProportionalAssetResourceCosts: z.literal('false').optional(),
  includeSharedCostBreakdown: z.literal('false').optional(),
  shareTenancyCosts: z.literal('false').optional(),
  sharelb: z.literal('false').optional(),
  costMetric: z.literal('cumulative').optional(),
  format: z.literal('json').optional(),
};

/** Query of `/model/allocation` and its summary, in the words of OpenCost and Kubecost. Unknown parameters are refused. */
export const modelAllocationQuery = z.strictObject({
  window: z.string().min(1).max(200),
  aggregate: z.string().max(1_000).optional(),
  step: z.string().min(1).max(10).optional(),
  accumulate: text,
  accumulateBy: text,
  includeIdle: flag,
  idle: flag,
  shareIdle: z.enum(['true', 'false', 'weighted', 'none']).optional(),
  idleByNode: flag,
  splitIdle: flag,
  includeAggregatedMetadata: flag,
  filter: text,
  ...(Object.fromEntries(filterNames.map((name) => [name, text])) as Record<
    keyof typeof filterParameters | 'filterLabels' | 'filterAnnotations',
    typeof text
  >),
  shareNamespaces: text,
  shareLabels: text,
  shareCost: text,
  shareSplit: z.enum(['weighted', 'even']).optional(),
  ...withoutEffect,
});

/** Parsed by {@link modelAllocationQuery}. */
export type ModelAllocationQuery = z.output<typeof modelAllocationQuery>;

/** An empty text is as good as none: clients send every parameter that they know. */
const given = (value: string | undefined): string | undefined => (value === '' ? undefined : value);

function idleFlag({ includeIdle, idle }: ModelAllocationQuery, byDefault: boolean): 'true' | 'false' {
  if (includeIdle !== undefined && idle !== undefined && includeIdle !== idle) {
    throw invalidParameter('idle', 'must be as includeIdle');
  }
  return idle ?? includeIdle ?? (byDefault ? 'true' : 'false');
}

function accumulateText({ accumulate, accumulateBy }: ModelAllocationQuery): string | undefined {
  const [whether, by] = [given(accumulate), given(accumulateBy)];
  if (by !== undefined && whether !== undefined && whether !== 'true') {
    throw invalidParameter('accumulateBy', 'is of use only with accumulate=true or without it');
  }
  return by ?? whether;
}

/** The question of a request. @throws AppError */
export function modelQuestion(
  parameters: ModelAllocationQuery,
  context: { nowMs: number; liveBudgetMs: number; route: string; signal: AbortSignal; idleByDefault: boolean },
): AllocationsQuestion {
  const { window: windowText, shareIdle, idleByNode, filter } = parameters;
  const step = parseStep(parameters.step ?? 'all');
  const window = allocationWindow(parseWindow(windowText, { nowMs: context.nowMs }), step);
  const isShared = shareIdle === 'true' || shareIdle === 'weighted';
  const query = allocationQueryOf({
    aggregate: given(parameters.aggregate) ?? defaultAggregate,
    step: 'all',
    idle: isShared ? 'true' : idleFlag(parameters, context.idleByDefault),
    share_idle: isShared ? 'true' : 'false',
    idle_by: idleByNode === 'true' ? 'node' : 'cluster',
    split_idle: parameters.splitIdle,
    share_namespaces: given(parameters.shareNamespaces),
    share_labels: given(parameters.shareLabels),
    share_cost: shareCostOf(given(parameters.shareCost)),
    share_split: parameters.shareSplit,
  });
  const withFilter = {
    ...query,
    filter: joinedFilter(parseFilter(filter ?? '', allocationFilterFields), parameters),
  };
  return {
    ...ledgerRequest(window, context),
    query: withFilter,
    group: groupOf(
      withFilter,
      parameters.aggregate === undefined ? ['provider_id', 'controller_kind', 'controller'] : [],
    ),
    steps: stepsOf(window, step),
    accumulate: accumulateOf(accumulateText(parameters)),
  };
}

function shareCostOf(value: string | undefined): string | undefined {
  if (value !== undefined && !/^\d{1,9}(\.\d{1,9})?$/.test(value))
    throw invalidParameter('shareCost', 'must be a decimal');
  return value;
}
