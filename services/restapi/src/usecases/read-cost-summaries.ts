import { AppError } from '@cloudtuner/errors';
import type { SummariesRead } from '../domain/cost-summaries';
import { windowStart } from '../domain/summary-windows';
import type { ReadContext } from '../ports';
import type { SummariesReader, SummaryQuestion, SummaryVersionKey } from '../summary-ports';

// Versions that were superseded are removed some time after; another reading knows the new ones.
const attempts = 3;

/**
 * The summaries of whole windows, and of the window before them. The versions are named first and then read, so that each window is whole; of a
 * closed month the last version that was published is read, with the one that it was closed with and the adjustments in between.
 *
 * @throws AppError `facts-incomplete` when versions go away faster than they can be read, `clickhouse-*`
 */
export async function readCostSummaries(
  reader: SummariesReader,
  organizationId: string,
  of: { readonly question: SummaryQuestion; readonly from: number; readonly until: number } & ReadContext,
): Promise<SummariesRead> {
  const { question, from, until, ...context } = of;
  const { duration } = question;
  if (question.cloudAccountIds.length === 0)
    return { duration, windows: [], sums: [], closedSums: [], adjustments: [] };
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const windows = await reader.readWindows(organizationId, question, {
      ...{ from: windowStart(duration, from, -1), until },
      ...context,
    });
    const closed = windows.flatMap(({ cloudAccountId, start, postings: [first] }): SummaryVersionKey[] =>
      first === undefined ? [] : [{ cloudAccountId, start, dataVersion: first.dataVersion, rows: first.rows }],
    );
    const sums = await reader.readSums(organizationId, question, { versions: windows, ...context });
    const closedSums = await reader.readSums(organizationId, question, { versions: closed, ...context });
    const adjustments = await reader.readAdjustments(organizationId, question, { windows, ...context });
    if (sums !== null && closedSums !== null && adjustments !== null)
      return { duration, windows, sums, closedSums, adjustments };
  }
  throw new AppError('facts-incomplete', 'ClickHouse does not hold all rows of the summaries.');
}
