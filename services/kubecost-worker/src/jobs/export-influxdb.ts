import type { exportInfluxdb, JobProcessor } from '@cloudtuner/queues';
import type { z } from 'zod';
import { secondsOf } from '../domain/calendar';
import { exportHours, type ExportHoursPorts } from '../usecases/export-hours';

/** Brings hours to InfluxDB. */
export const exportInfluxdbJob =
  (ports: ExportHoursPorts): JobProcessor<z.infer<typeof exportInfluxdb.payload>, null> =>
  async ({ cloudAccountId, fromHour, toHour }, { signal }) => {
    await exportHours(ports, { cloudAccountId, from: secondsOf(fromHour), to: secondsOf(toHour), signal });
    return 'done';
  };
