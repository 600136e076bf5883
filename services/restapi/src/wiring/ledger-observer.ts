import { toAppError } from '@cloudtuner/errors';
import type { Metadata } from '@cloudtuner/metadata';
import type { Logger } from '@cloudtuner/service-kit';
import { createReadMarks } from '../domain/read-marks';
import type { Metrics } from '../metrics';
import type { LedgerObserver, NoteRead } from '../ports';

const readMarkPeriodMs = 60_000;
const readMarkMaxIds = 50_000;

/** Counts and logs what is met while costs are read. */
export function createLedgerObserver(metrics: Metrics, logger: Logger): LedgerObserver {
  return {
    liveRead: (outcome, seconds) => {
      metrics.liveReadSeconds.observe({ outcome }, seconds);
    },
    expensesOutOfStep: (cloudAccountId, days) => {
      metrics.expensesOutOfStep.inc(days);
      logger.warn({ cloud_account_id: cloudAccountId, days }, 'expenses are not the sum of their hours');
    },
    accountLeftOut: (cloudAccountId, error) => {
      metrics.accountsLeftOut.inc({ reason: toAppError(error).code.replaceAll('-', '_') });
      logger.error({ err: error, cloud_account_id: cloudAccountId }, 'account left out of an answer');
    },
    readAgain: (cloudAccountId) => {
      metrics.answersReadAgain.inc();
      logger.warn({ cloud_account_id: cloudAccountId }, 'facts that were to be read were not there; reading again');
    },
  };
}

/** Notes whose costs are read, for the worker, which refreshes those more often. An answer does not wait for it. */
export function createNoteRead(metadata: Metadata, options: { logger: Logger; now: () => number }): NoteRead {
  const { logger, now } = options;
  const marks = createReadMarks({ periodMs: readMarkPeriodMs, maxIds: readMarkMaxIds, now });
  return ({ organizationId, id }) => {
    if (!marks.due(id)) return;
    metadata.cloudAccounts.markRead(organizationId, id, new Date(now())).catch((error: unknown) => {
      logger.warn({ err: error, cloud_account_id: id }, 'could not note that costs were read');
    });
  };
}
