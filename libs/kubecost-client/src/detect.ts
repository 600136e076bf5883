import { isAppError } from '@cloudtuner/errors';
import { z } from 'zod';
import type { KubecostApi } from './api';
import { unexpected } from './answer-error';
import type { Transport } from './transport';

const clusterInfo = z.looseObject({ code: z.literal(200), data: z.looseObject({}) });
const budgets = z.looseObject({ code: z.literal(200) });

/** Whether a route answers in the form of a schema. Other failures than "there is no such thing" are thrown. */
async function answersAs(
  transport: Transport,
  path: string,
  schema: z.ZodType,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    return schema.safeParse(await transport.json({ path, signal })).success;
  } catch (error) {
    const isOther =
      isAppError(error) &&
      (error.code === 'kubecost-not-offered' ||
        error.code === 'kubecost-answer-unexpected' ||
        error.code === 'kubecost-rejected');
    if (isOther) return false;
    throw error;
  }
}

/**
 * Finds out who answers at an address: the prefix by the cluster's info, which both products have, the product by the
 * budgets, which only Kubecost has.
 *
 * @throws AppError `kubecost-answer-unexpected` when neither is there
 */
export async function detectApi(transport: Transport, signal: AbortSignal | undefined): Promise<KubecostApi> {
  for (const prefix of ['/model', ''] as const) {
    if (!(await answersAs(transport, `${prefix}/clusterInfo`, clusterInfo, signal))) continue;
    const isKubecost = await answersAs(transport, `${prefix}/budgets`, budgets, signal);
    return { product: isKubecost ? 'kubecost' : 'opencost', prefix };
  }
  throw unexpected('/clusterInfo', 'neither Kubecost nor OpenCost answers at this address');
}
