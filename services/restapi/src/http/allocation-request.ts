import type { AllocationColumn } from '@cloudtuner/clickhouse';
import {
  allocationFilterFields,
  calendarSteps,
  defaultAllocationQuery,
  msPerDay,
  parseAggregate,
  parseFilter,
  parseNanos,
  parseStep,
  shareFilterOf,
  stepsOf,
  type AllocationQuery,
  type CalendarStep,
  type Step,
  type TimeWindow,
} from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import { groupOf } from '../domain/allocation-group';
import { wholeHours } from '../domain/requested-window';
import type { AllocationsQuestion } from '../usecases/read-allocations';
import { askedWindow, type WindowQuery } from './cluster-request';
import { ledgerRequest } from './cost-request';

type Flag = 'true' | 'false' | undefined;

/** Parameters of allocations as a query carries them. */
export interface AllocationParameters extends WindowQuery {
  readonly aggregate: string;
  readonly step: string;
  readonly filter?: string | undefined;
  readonly accumulate?: string | undefined;
  readonly idle?: Flag;
  readonly share_idle?: Flag;
  readonly idle_by?: 'cluster' | 'node' | undefined;
  readonly split_idle?: Flag;
  readonly share_namespaces?: string | undefined;
  readonly share_labels?: string | undefined;
  readonly share_cost?: string | undefined;
  readonly share_split?: 'weighted' | 'even' | undefined;
}

/** The error of a parameter that cannot be used as it is. */
export function invalidParameter(field: string, message: string): AppError {
  return new AppError('invalid-request', `query ${field}: ${message}`, { details: [{ in: 'query', field, message }] });
}

/** Texts between commas. @throws AppError `invalid-request` for an empty one */
function listOf(field: string, text: string | undefined): string[] {
  if (text === undefined) return [];
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw invalidParameter(field, 'a name is missing between commas');
  return names;
}

/** `key:value` pairs. @throws AppError `invalid-request` */
export function labelsOf(field: string, text: string | undefined): { key: string; value: string }[] {
  return listOf(field, text).map((pair) => {
    const [, key, value] = /^([^:]+):(.+)$/.exec(pair) ?? [];
    if (key === undefined || value === undefined) throw invalidParameter(field, 'must be key:value');
    return { key, value };
  });
}

function idleOf({ idle, share_idle }: AllocationParameters): AllocationQuery['idle'] {
  if (share_idle === 'true' && idle === 'false') {
    throw invalidParameter('share_idle', 'idle that is left out cannot be shared');
  }
  if (share_idle === 'true') return 'shared';
  return idle === 'false' ? 'hidden' : 'separate';
}

/** What is asked. @throws AppError `aggregate-invalid`, `filter-invalid`, `invalid-request` */
export function allocationQueryOf(parameters: AllocationParameters): AllocationQuery {
  const { aggregate, filter, idle_by, split_idle, share_split, share_cost } = parameters;
  return {
    ...defaultAllocationQuery,
    grouping: parseAggregate(aggregate),
    filter: parseFilter(filter ?? '', allocationFilterFields),
    share: shareFilterOf({
      namespaces: listOf('share_namespaces', parameters.share_namespaces),
      labels: labelsOf('share_labels', parameters.share_labels),
    }),
    idle: idleOf(parameters),
    idleBy: idle_by ?? 'cluster',
    splitIdle: split_idle === 'true',
    shareSplit: share_split ?? 'weighted',
    sharedCostPerMonth: share_cost === undefined ? 0n : parseNanos(share_cost),
  };
}

/** What steps are added up to. @throws AppError `step-invalid` */
export function accumulateOf(text: string | undefined): CalendarStep | 'all' | null {
  if (text === undefined || text === 'false' || text === 'none') return null;
  if (text === 'true' || text === 'all') return 'all';
  const span = calendarSteps.find((one) => one === text);
  if (span === undefined) {
    throw new AppError('step-invalid', `Cannot accumulate by this: expected true, false, ${calendarSteps.join(', ')}.`);
  }
  return span;
}

/** Steps within days are many, and are read from hours. */
const isWithinDays = (step: Step): boolean =>
  step === 'hour' || (typeof step === 'object' && step.durationMs % msPerDay !== 0);

/** The window in whole hours, as long as an answer with such steps may be. @throws AppError `invalid-window`, `range-too-long` */
export function allocationWindow(asked: TimeWindow, step: Step): TimeWindow {
  return wholeHours(asked, isWithinDays(step) ? '1h' : '1d');
}

/** The whole question of a request. @throws AppError */
export function allocationQuestion(
  parameters: AllocationParameters,
  context: { nowMs: number; liveBudgetMs: number; route: string; signal: AbortSignal },
  more: readonly AllocationColumn[] = [],
): AllocationsQuestion {
  const step = parseStep(parameters.step);
  const window = allocationWindow(askedWindow(parameters, context.nowMs), step);
  const query = allocationQueryOf(parameters);
  return {
    ...ledgerRequest(window, context),
    query,
    group: groupOf(query, more),
    steps: stepsOf(window, step),
    accumulate: accumulateOf(parameters.accumulate),
  };
}
