import { z } from 'zod';
import { kubecostWindowSchema, quantity } from './allocation-schema';

const text = z.string().nullable().default(null);
const texts = z.array(z.string()).nullable().default(null);

/** A recurring limit on what something may cost. */
export const budgetSchema = z.looseObject({
  id: text,
  name: text,
  /** Under `namespace`, `cluster` or `label`: what the budget is of. */
  values: z.record(z.string(), z.array(z.string())).nullable().default(null),
  kind: text,
  /** `weekly` or `monthly`; reset at `intervalDay`, of the week (0 is Sunday) or of the month. */
  interval: text,
  intervalDay: quantity,
  spendLimit: quantity,
  currentSpend: quantity,
  window: kubecostWindowSchema.nullable().default(null),
  actions: z
    .array(z.looseObject({ percentage: quantity, emails: texts, slackWebhooks: texts, msTeamsWebhooks: texts }))
    .nullable()
    .default(null),
});

export type KubecostBudget = z.infer<typeof budgetSchema>;

const monthlyCost = z.looseObject({
  totalMonthlyRate: quantity,
  cpuMonthlyRate: quantity,
  ramMonthlyRate: quantity,
  gpuMonthlyRate: quantity,
  monthlyCPUCoreHours: quantity,
  monthlyRAMByteHours: quantity,
  monthlyGPUHours: quantity,
});

/** What a workload costs in a month before and after a change. */
export const predictionSchema = z.looseObject({
  namespace: text,
  controllerKind: text,
  controllerName: text,
  costBefore: monthlyCost.nullable().default(null),
  costAfter: monthlyCost.nullable().default(null),
  costChange: monthlyCost.nullable().default(null),
});

export type KubecostPrediction = z.infer<typeof predictionSchema>;

/** What the routes below `/savings` answer differs by kind and version: a list or an object, kept as it came. */
export const savingsSchema = z
  .union([z.array(z.looseObject({})), z.looseObject({})])
  .nullable()
  .transform((found) => (found === null ? [] : Array.isArray(found) ? found : [found]));

export type KubecostSavings = z.infer<typeof savingsSchema>;
