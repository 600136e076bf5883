import { z } from 'zod';
import { add, exactDecimalOf, multiply, quotientToNumber } from './exact-decimal';
import { combine, firstKnown, within, type StepFunction, type StepInterval } from './intervals';
import type { TimeWindow } from './window';

const maxPrice = 1e6;
const maxRules = 200;
const maxPeriods = 200;
const maxUnixSeconds = 253_402_300_799;

const priceOrDiscount = 'a price and a discount of the same resource exclude each other';
const oneAfterTheOther = 'periods must begin one after the other';
/** What {@link priceBookSchema} asks for and no JSON Schema can say. */
export const priceBookRules = [priceOrDiscount, oneAfterTheOther] as const;

const price = z.number().nonnegative().max(maxPrice);
const discount = z.number().min(0).max(1);
const text = z.string().min(1).max(256);

/** What a node is known by. Of a rule, everything that is given has to match. */
const nodeMatchSchema = z.strictObject({
  node: text.optional(),
  provider_id: text.optional(),
  instance_type: text.optional(),
  region: text.optional(),
  arch: text.optional(),
  spot: z.boolean().optional(),
  /** As Prometheus has it, without `label_`: `eks_amazonaws_com_nodegroup`. */
  label: z.strictObject({ key: text, value: text }).optional(),
});

/** `always` sets the price; `when_unpriced` only where the cluster's exporter has none. */
const applies = z.enum(['always', 'when_unpriced']).default('always');

const nodeRuleSchema = z
  .strictObject({
    match: nodeMatchSchema.default({}),
    applies,
    cpu_core_hour_price: price.optional(),
    ram_gib_hour_price: price.optional(),
    gpu_hour_price: price.optional(),
    /** Share taken off the exporter's prices, 0 to 1. */
    cpu_discount: discount.optional(),
    ram_discount: discount.optional(),
    gpu_discount: discount.optional(),
  })
  .refine(
    (rule) =>
      !(['cpu', 'ram', 'gpu'] as const).some(
        (resource) => rule[nodePrices[resource]] !== undefined && rule[nodeDiscounts[resource]] !== undefined,
      ),
    priceOrDiscount,
  );

const storageRuleSchema = z.strictObject({
  match: z.strictObject({ volume: text.optional(), storage_class: text.optional() }).default({}),
  applies,
  gib_hour_price: price,
});

const periodSchema = z.strictObject({
  /** Unix seconds; it holds until the next period begins. */
  effective_from: z.int().nonnegative().max(maxUnixSeconds),
  /** Of each price the first rule that matches and has it counts. */
  nodes: z.array(nodeRuleSchema).max(maxRules).default([]),
  storage: z.array(storageRuleSchema).max(maxRules).default([]),
  network_zone_gib_price: price.optional(),
  network_region_gib_price: price.optional(),
  network_internet_gib_price: price.optional(),
  load_balancer_hour_price: price.optional(),
  management_hour_price: price.optional(),
});

/**
 * Prices of an account that stand beside or above those that its cluster's exporter sends: of contracts, of its own machines, or where the
 * exporter has none.
 *
 * **Units**: the account's currency per core-hour, GiB-hour (2^30 bytes), GPU-hour, GiB and hour, as the names say; never per month.
 */
export const priceBookSchema = z.strictObject({
  periods: z
    .array(periodSchema)
    .max(maxPeriods)
    .refine(
      (periods) =>
        periods.every(({ effective_from: from }, index) => from > (periods[index - 1]?.effective_from ?? -1)),
      oneAfterTheOther,
    ),
});

export type PriceBook = z.infer<typeof priceBookSchema>;

/** As it is written: what has a default may be left out. */
export type PriceBookInput = z.input<typeof priceBookSchema>;

type Period = PriceBook['periods'][number];
type NodeRule = Period['nodes'][number];
type Applies = NodeRule['applies'];

/** What prices of a node are looked up by; unknown texts are empty. */
export interface NodeTraits {
  readonly node: string;
  readonly providerId: string;
  readonly instanceType: string;
  readonly region: string;
  readonly arch: string;
  /** `true`, `false`, or empty. */
  readonly spot: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Where a price of an asset comes from, as its property `price_source` says; empty: the exporter. */
export type PriceSource = 'price_book' | '';

/** @param pairs Each price with what the exporter says. */
export function priceSourceOf(
  ...pairs: readonly (readonly [price: StepFunction, exporter: StepFunction])[]
): PriceSource {
  return pairs.some(([price, exporter]) => price !== exporter && price.length > 0) ? 'price_book' : '';
}

export type NodeResource = 'cpu' | 'ram' | 'gpu';

const nodePrices = {
  cpu: 'cpu_core_hour_price',
  ram: 'ram_gib_hour_price',
  gpu: 'gpu_hour_price',
} as const satisfies Record<NodeResource, string>;

const nodeDiscounts = {
  cpu: 'cpu_discount',
  ram: 'ram_discount',
  gpu: 'gpu_discount',
} as const satisfies Record<NodeResource, string>;

const clusterPrices = {
  zone: 'network_zone_gib_price',
  region: 'network_region_gib_price',
  internet: 'network_internet_gib_price',
  load_balancer: 'load_balancer_hour_price',
  management: 'management_hour_price',
} as const satisfies Record<string, keyof Period>;

function matchesNode({ match }: NodeRule, traits: NodeTraits): boolean {
  const { node, provider_id: providerId, instance_type: instanceType, region, arch, spot, label } = match;
  return (
    (node === undefined || node === traits.node) &&
    (providerId === undefined || providerId === traits.providerId) &&
    (instanceType === undefined || instanceType === traits.instanceType) &&
    (region === undefined || region === traits.region) &&
    (arch === undefined || arch === traits.arch) &&
    (spot === undefined || String(spot) === traits.spot) &&
    (label === undefined || traits.labels[label.key] === label.value)
  );
}

/** The exporter's price less a discount, without the noise of doubles: 0.1 less 0.9 is 0.01. */
function discounted(exporterPrice: number, share: number): number {
  const one = { coefficient: 1n, scale: 0 };
  const rest = add(one, multiply(exactDecimalOf(share), { coefficient: -1n, scale: 0 }));
  return quotientToNumber(multiply(exactDecimalOf(exporterPrice), rest), one, 24);
}

/** The prices of one account over one window. */
export class BookPrices {
  constructor(
    private readonly book: PriceBook,
    private readonly window: TimeWindow,
  ) {}

  /** What a resource of a node costs, given what the exporter says. */
  node(traits: NodeTraits, resource: NodeResource, exporter: StepFunction): StepFunction {
    const [priceName, discountName] = [nodePrices[resource], nodeDiscounts[resource]];
    const firstOf = ({ nodes }: Period, name: typeof priceName | typeof discountName, when?: Applies) =>
      nodes.find(
        (rule) =>
          rule[name] !== undefined && (when === undefined || rule.applies === when) && matchesNode(rule, traits),
      )?.[name];
    const always = this.steps((period) => firstOf(period, priceName, 'always'));
    const whenUnpriced = this.steps((period) => firstOf(period, priceName, 'when_unpriced'));
    const discounts = within(
      this.steps((period) => firstOf(period, discountName)),
      exporter,
    );
    const lowered = discounts.length === 0 ? exporter : combine(exporter, discounts, discounted);
    return firstKnown(always, firstKnown(lowered, whenUnpriced));
  }

  /** What a GiB-hour of a volume costs. */
  storage(traits: { readonly volume: string; readonly storageClass: string }, exporter: StepFunction): StepFunction {
    const priceBy = (when: Applies): StepFunction =>
      this.steps(
        ({ storage }) =>
          storage.find(
            ({ match, applies: how }) =>
              how === when &&
              (match.volume === undefined || match.volume === traits.volume) &&
              (match.storage_class === undefined || match.storage_class === traits.storageClass),
          )?.gib_hour_price,
      );
    return firstKnown(priceBy('always'), firstKnown(exporter, priceBy('when_unpriced')));
  }

  /** A price that the whole cluster has. */
  cluster(name: keyof typeof clusterPrices, exporter: StepFunction): StepFunction {
    return firstKnown(
      this.steps((period) => period[clusterPrices[name]]),
      exporter,
    );
  }

  /** One number for each period that has one, cut to the window. */
  private steps(valueOf: (period: Period) => number | undefined): StepFunction {
    const { periods } = this.book;
    const steps: StepInterval[] = [];
    periods.forEach((period, index) => {
      const startMs = Math.max(this.window.startMs, period.effective_from * 1000);
      const endMs = Math.min(this.window.endMs, (periods[index + 1]?.effective_from ?? Infinity) * 1000);
      const value = valueOf(period);
      if (value !== undefined && startMs < endMs) steps.push({ startMs, endMs, value });
    });
    return steps;
  }
}

/**
 * From which moment on two books differ, in unix seconds; null when they never do. Null for a book is one that says nothing.
 */
export function priceBookChange(before: PriceBook | null, after: PriceBook | null): number | null {
  const [left, right] = [before?.periods ?? [], after?.periods ?? []];
  const count = Math.max(left.length, right.length);
  for (let index = 0; index < count; index += 1) {
    const [a, b] = [left[index], right[index]];
    if (JSON.stringify(a) === JSON.stringify(b)) continue;
    return Math.min(a?.effective_from ?? Infinity, b?.effective_from ?? Infinity);
  }
  return null;
}
