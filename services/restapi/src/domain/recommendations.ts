import { sumKnownNanos, type Nanos } from '@cloudtuner/cost-model';
import type { ContainerSizing, Savings, SizedContainer, Sizing } from './usage';

/** Both resources of one container of a workload. */
export interface Recommendation extends SizedContainer {
  readonly cpu: Sizing | null;
  readonly memory: Sizing | null;
  /** Of both, as far as it is known. */
  readonly monthlySaving: Nanos | null;
}

/** How recommendations are sorted; what is equal in it is by name. */
export type RecommendationOrder = '-saving' | 'saving' | 'name' | '-name';

const keyOf = ({ namespace, controllerKind, controller, container }: SizedContainer): string =>
  JSON.stringify([namespace, controllerKind, controller, container]);

/** One recommendation for each container of a workload, of those in the namespace if one is given. */
export function recommendationsOf({ cpu, memory }: Savings, namespace?: string): Recommendation[] {
  const wanted = (sizings: readonly ContainerSizing[]): Map<string, ContainerSizing> =>
    new Map(
      sizings
        .filter((sizing) => namespace === undefined || sizing.namespace === namespace)
        .map((sizing) => [keyOf(sizing), sizing]),
    );
  const [cores, bytes] = [wanted(cpu), wanted(memory)];
  return [...new Map([...bytes, ...cores])].map(([key, { sizing: _sizing, ...container }]) => {
    const [ofCpu, ofMemory] = [cores.get(key)?.sizing ?? null, bytes.get(key)?.sizing ?? null];
    const monthlySaving = sumKnownNanos([ofCpu?.monthlySaving ?? null, ofMemory?.monthlySaving ?? null]);
    return { ...container, cpu: ofCpu, memory: ofMemory, monthlySaving };
  });
}

const compareTexts = (a: string, b: string): number => Number(a > b) - Number(a < b);

/** Sorted; of what is sorted by saving, an unknown one is last either way. */
export function sortRecommendations(
  recommendations: readonly Recommendation[],
  order: RecommendationOrder,
): Recommendation[] {
  const sign = order.startsWith('-') ? -1 : 1;
  const byName = (a: Recommendation, b: Recommendation): number => compareTexts(keyOf(a), keyOf(b));
  const bySaving = (a: Recommendation, b: Recommendation): number => {
    const [left, right] = [a.monthlySaving, b.monthlySaving];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return sign * (Number(left > right) - Number(left < right));
  };
  return order.endsWith('name')
    ? recommendations.toSorted((a, b) => sign * byName(a, b))
    : recommendations.toSorted((a, b) => bySaving(a, b) || byName(a, b));
}
