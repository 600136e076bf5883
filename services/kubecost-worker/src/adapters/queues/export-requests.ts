import { createProducer, exportInfluxdb, jobIdOf, type JobCounts, type ProducerOptions } from '@cloudtuner/queues';
import { hourSeconds, isoOf } from '../../domain/calendar';
import type { ExportRequests } from '../../export-ports';

/** Exports as jobs of their queue. */
export function createExportRequests(
  options: ProducerOptions,
): ExportRequests & { readonly counts: Readonly<Record<string, () => Promise<JobCounts>>>; close(): Promise<void> } {
  const producer = createProducer(exportInfluxdb, options);
  const payloadOf = (cloudAccountId: string, from: number, to: number) => ({
    ...{ cloudAccountId, fromHour: isoOf(from), toHour: isoOf(to) },
  });
  return {
    exportHour: async (cloudAccountId, hour) =>
      (await producer.enqueue(payloadOf(cloudAccountId, hour, hour + hourSeconds))).added,
    async exportWindow(cloudAccountId, { from, to }) {
      const payload = payloadOf(cloudAccountId, from, to);
      if ((await producer.jobStatus(jobIdOf(exportInfluxdb, payload))) !== null) return false;
      return (await producer.enqueue(payload)).added;
    },
    counts: { [exportInfluxdb.name]: () => producer.counts() },
    close: () => producer.close(),
  };
}
