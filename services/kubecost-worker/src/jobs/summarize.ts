import { AppError, isAppError } from '@cloudtuner/errors';
import type { JobProcessor, summarize } from '@cloudtuner/queues';
import type { z } from 'zod';
import type { SummaryMetrics } from '../summary-metrics';
import { summarizeAccount, type SummarizeAccountPorts } from '../usecases/summarize-account';

/** Brings an account's summaries up to date; behind the other accounts again when there is much to do. */
export const summarizeJob =
  (
    ports: SummarizeAccountPorts,
    metrics: Pick<SummaryMetrics, 'run' | 'failed' | 'account' | 'openMonths'>,
  ): JobProcessor<z.infer<typeof summarize.payload>, null> =>
  async ({ cloudAccountId }, { signal, logger }) => {
    try {
      const done = await summarizeAccount(ports, { cloudAccountId, signal });
      metrics.run(done);
      metrics.openMonths(cloudAccountId, done.openMonths);
      if (done.written > 0) logger.info({ cloud_account_id: cloudAccountId, ...done }, 'stored summaries');
      if (done.failed > 0) throw new AppError('facts-incomplete', 'Some days could not be summarized.');
      metrics.account(cloudAccountId, false);
      return done.left > 0 ? 'yield' : 'done';
    } catch (error) {
      // Another worker is at it, or the cleanup: the next attempt finds what is left.
      if (!isAppError(error) || error.code !== 'hour-busy') {
        metrics.failed();
        metrics.account(cloudAccountId, true);
      }
      throw error;
    }
  };
