import type { extractAllocation, JobProcessor } from '@cloudtuner/queues';
import type { z } from 'zod';
import type { ExtractKind } from '../domain/extraction';
import { extractAccount, type ExtractAccountPorts } from '../usecases/extract-account';

/** Reads what is due of an account's Kubecost. */
export const extractJob =
  (kind: ExtractKind, ports: ExtractAccountPorts): JobProcessor<z.infer<typeof extractAllocation.payload>, null> =>
  async ({ cloudAccountId }, { signal }) => {
    await extractAccount(ports, { cloudAccountId, kind, signal });
    return 'done';
  };
