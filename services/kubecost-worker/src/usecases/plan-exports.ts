import { hourOf, hourSeconds } from '../domain/calendar';
import type { ExportRequests } from '../export-ports';
import type { Accounts, Clock } from '../ports';

/** What {@link planExports} works with. */
export interface PlanExportsPorts {
  readonly accounts: Pick<Accounts, 'list'>;
  readonly exports: Pick<ExportRequests, 'exportWindow'>;
  readonly now: Clock;
  readonly lookbackHours: number;
}

/**
 * Has the last days of every account compared with what was exported, once an hour: what was never asked for, was given up, or was lost by the
 * sink itself is brought there.
 *
 * @throws `metadata-unavailable`, `queue-unavailable`
 */
export async function planExports({ accounts, exports, now, lookbackHours }: PlanExportsPorts): Promise<number> {
  const to = hourOf(now() / 1_000);
  const window = { from: to - lookbackHours * hourSeconds, to };
  let asked = 0;
  for (const { id } of await accounts.list()) if (await exports.exportWindow(id, window)) asked += 1;
  return asked;
}
