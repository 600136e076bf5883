import type { MetricsStore, PriceBooks } from '../ports';
import type { AllocationContext } from '../usecases/read-allocations';
import type { CompatContext } from '../usecases/read-compat-allocations';

/** What the routes work with. */
export interface RouteDependencies {
  readonly store: MetricsStore;
  readonly priceBooks: PriceBooks;
  readonly nowMs: () => number;
  readonly onPriced: (priced: { readonly flags: readonly string[] }) => void;
  readonly parallelHours: number;
  readonly maxPoints: number;
  readonly compat: Pick<CompatContext, 'maxSamples' | 'turn'>;
  readonly headroom: { readonly cpu: number; readonly memory: number };
  readonly allocation: Pick<AllocationContext, 'podsPerPart' | 'turn' | 'onAllocated'>;
}
