import {
  allocationFilterFields,
  defaultAggregate,
  parseFilter,
  parseStep,
  parseWindow,
  stepsOf,
} from '@cloudtuner/cost-model';
import type { operations } from '@cloudtuner/restapi-client';
import { groupOf } from '../../domain/allocation-group';
import type { AllocationsQuestion } from '../../usecases/read-allocations';
import { accumulateOf, allocationQueryOf, allocationWindow, invalidParameter } from '../allocation-request';
import { ledgerRequest } from '../cost-request';
import type { OperationInput } from '../scoped-routes';
import { joinedFilter } from './model-filters';

/** Parsed query of the routes of allocations. */
export type ModelAllocationQuery = OperationInput<typeof operations.getModelAllocation>['query'];

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
