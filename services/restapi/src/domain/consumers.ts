import { ratesOf, type AllocationRow, type Nanos } from '@cloudtuner/cost-model';
import type { QuotaLevel, ResourceLevels, Usage, UsageLevels } from './usage';

/** What a consumer requested and used of one resource. */
export interface ConsumedResource extends ResourceLevels {
  /** Used ÷ requested. */
  readonly efficiency: number | null;
  /** Used ÷ charged. */
  readonly utilization: number | null;
}

/** A namespace or a workload: what it cost, and how it used what it was given. */
export interface Consumer {
  readonly namespace: string;
  /** Null for a namespace, and for what no controller owns. */
  readonly controllerKind: string | null;
  readonly controller: string | null;
  readonly pods: number | null;
  /** Null when only the store of metrics knows it. */
  readonly row: AllocationRow | null;
  readonly cpu: ConsumedResource;
  readonly ram: ConsumedResource;
  readonly efficiency: number | null;
  /** Null: not known. */
  readonly quotas: readonly QuotaLevel[] | null;
}

/** How consumers are sorted; what is equal in it is by name. */
export type ConsumerOrder = '-cost' | 'cost' | 'name' | '-name' | '-efficiency' | 'efficiency';

const nothing: ResourceLevels = { requested: null, limit: null, usedAvg: null, usedP95: null, usedMax: null };

const ratio = (a: number | null, b: number | null): number | null =>
  a === null || b === null || b <= 0 ? null : a / b;

interface FromRow {
  readonly requested: number | null;
  readonly used: number | null;
  readonly charged: number | null;
  readonly efficiency: number | null;
}

/** What the facts know counts before what the store of metrics was asked: it is what costs were computed from. */
function resourceOf(row: FromRow | null, levels: ResourceLevels): ConsumedResource {
  return {
    ...levels,
    requested: row?.requested ?? levels.requested,
    usedAvg: row?.used ?? levels.usedAvg,
    efficiency: row?.efficiency ?? null,
    utilization: ratio(row?.used ?? null, row?.charged ?? null),
  };
}

function consumerOf(
  who: Pick<Consumer, 'namespace' | 'controllerKind' | 'controller' | 'quotas'>,
  row: AllocationRow | null,
  levels: UsageLevels | undefined,
): Consumer {
  const rates = row === null ? null : ratesOf(row);
  const cpu = rates && {
    requested: rates.cpuCoreRequestAverage,
    used: rates.cpuCoreUsageAverage,
    charged: rates.cpuCores,
    efficiency: rates.cpuEfficiency,
  };
  const ram = rates && {
    requested: rates.ramByteRequestAverage,
    used: rates.ramByteUsageAverage,
    charged: rates.ramBytes,
    efficiency: rates.ramEfficiency,
  };
  return {
    ...who,
    pods: levels?.pods ?? null,
    row,
    cpu: resourceOf(cpu, levels?.cpu ?? nothing),
    ram: resourceOf(ram, levels?.ram ?? nothing),
    efficiency: rates?.totalEfficiency ?? null,
  };
}

/** Rows of no namespace are named by what they are. */
const isNamespace = (name: string): boolean => name !== '' && !name.startsWith('__');

/** Namespaces of rows that are grouped by them, and those of which only quotas or usage are known. */
export function namespacesOf(rows: readonly AllocationRow[], usage: Usage | null): Consumer[] {
  const rowOf = new Map(rows.filter(({ name }) => isNamespace(name)).map((row) => [row.name, row]));
  const levelsOf = new Map(usage?.levels.map((levels) => [levels.namespace, levels]));
  const quotas = usage?.quotas ?? [];
  const names = new Set([...rowOf.keys(), ...levelsOf.keys(), ...quotas.map(({ namespace }) => namespace)]);
  return [...names].map((namespace) => {
    const ofNamespace = usage === null ? null : quotas.filter((quota) => quota.namespace === namespace);
    const who = { namespace, controllerKind: null, controller: null, quotas: ofNamespace };
    return consumerOf(who, rowOf.get(namespace) ?? null, levelsOf.get(namespace));
  });
}

/**
 * Namespaces with the bounds that were noted with their hours, where the store of metrics tells of none: it may have forgotten the samples,
 * or not have answered. How much of them was used is not known then.
 */
export function withNotedQuotas(
  namespaces: readonly Consumer[],
  noted: ReadonlyMap<string, readonly QuotaLevel[]>,
): Consumer[] {
  return namespaces.map((consumer) => {
    const quotas = noted.get(consumer.namespace);
    return quotas === undefined || (consumer.quotas?.length ?? 0) > 0 ? consumer : { ...consumer, quotas };
  });
}

// The facts keep a CronJob's runs as jobs of its name.
const kindOfFacts = (kind: string | null): string => (kind === 'cronjob' ? 'job' : kind === 'pod' ? '' : (kind ?? ''));

const workloadKey = (namespace: string, kind: string, controller: string): string =>
  JSON.stringify(kind === '' ? [namespace] : [namespace, kind, controller]);

const addKnown = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : a + b);

/** Means add up; when the peaks of two were is not known, so neither is the peak of both. */
function sumOfLevels(a: ResourceLevels, b: ResourceLevels): ResourceLevels {
  return {
    requested: addKnown(a.requested, b.requested),
    limit: addKnown(a.limit, b.limit),
    usedAvg: addKnown(a.usedAvg, b.usedAvg),
    usedP95: null,
    usedMax: null,
  };
}

function levelsByWorkload(usage: Usage | null): Map<string, UsageLevels> {
  const byKey = new Map<string, UsageLevels>();
  for (const levels of usage?.levels ?? []) {
    const key = workloadKey(levels.namespace, kindOfFacts(levels.controllerKind), levels.controller ?? '');
    const known = byKey.get(key);
    byKey.set(
      key,
      known === undefined
        ? levels
        : {
            ...known,
            pods: addKnown(known.pods, levels.pods),
            cpu: sumOfLevels(known.cpu, levels.cpu),
            ram: sumOfLevels(known.ram, levels.ram),
          },
    );
  }
  return byKey;
}

/** Workloads of rows that are grouped by namespace and controller. */
export function workloadsOf(rows: readonly AllocationRow[], usage: Usage | null): Consumer[] {
  const levelsOf = levelsByWorkload(usage);
  return rows.flatMap((row) => {
    const { namespace, controllerKind, controller } = row.properties;
    if (!isNamespace(namespace)) return [];
    const isOwned = controllerKind !== '';
    const who = {
      namespace,
      controllerKind: isOwned ? controllerKind : null,
      controller: isOwned ? controller : null,
      quotas: null,
    };
    return [consumerOf(who, row, levelsOf.get(workloadKey(namespace, controllerKind, controller)))];
  });
}

const compareTexts = (a: string, b: string): number => Number(a > b) - Number(a < b);

const nameOf = ({ namespace, controllerKind, controller }: Consumer): string =>
  JSON.stringify([namespace, controllerKind, controller]);

const valueOf = (consumer: Consumer, order: ConsumerOrder): Nanos | number | null =>
  order.endsWith('cost') ? (consumer.row?.totalCost ?? null) : consumer.efficiency;

/** Sorted; what is unknown is last either way. */
export function sortConsumers(consumers: readonly Consumer[], order: ConsumerOrder): Consumer[] {
  const sign = order.startsWith('-') ? -1 : 1;
  const byName = (a: Consumer, b: Consumer): number => compareTexts(nameOf(a), nameOf(b));
  if (order.endsWith('name')) return consumers.toSorted((a, b) => sign * byName(a, b));
  return consumers.toSorted((a, b) => {
    const [left, right] = [valueOf(a, order), valueOf(b, order)];
    if (left === null || right === null) return Number(left === null) - Number(right === null) || byName(a, b);
    return sign * (Number(left > right) - Number(left < right)) || byName(a, b);
  });
}
