import type { IncomingHttpHeaders } from 'node:http';
import type { WrittenCounts } from './ports';

export const noneWritten: WrittenCounts = { samples: 0, histograms: 0, exemplars: 0 };

const headerNames = {
  samples: 'X-Prometheus-Remote-Write-Samples-Written',
  histograms: 'X-Prometheus-Remote-Write-Histograms-Written',
  exemplars: 'X-Prometheus-Remote-Write-Exemplars-Written',
} as const;

/** The headers that an answer to a 2.0 write carries. Source: Remote Write 2.0, "Required Written Response Headers". */
export function writtenHeaders({ samples, histograms, exemplars }: WrittenCounts): Record<string, string> {
  return {
    [headerNames.samples]: String(samples),
    [headerNames.histograms]: String(histograms),
    [headerNames.exemplars]: String(exemplars),
  };
}

function countOf(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,15}$/.test(header.trim()) ? Number(header) : undefined;
}

/** What a store says it has written: a missing header is 0; undefined when there is none at all, as from a 1.0 store. */
export function readWritten(headers: IncomingHttpHeaders): WrittenCounts | undefined {
  const samples = countOf(headers[headerNames.samples.toLowerCase()]);
  const histograms = countOf(headers[headerNames.histograms.toLowerCase()]);
  const exemplars = countOf(headers[headerNames.exemplars.toLowerCase()]);
  if (samples === undefined && histograms === undefined && exemplars === undefined) return undefined;
  return { samples: samples ?? 0, histograms: histograms ?? 0, exemplars: exemplars ?? 0 };
}
