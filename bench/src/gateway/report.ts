import { renderTable } from '../table';
import type { Measurement, SideReport } from './measurements';
import type { Protocol } from './bodies';
import type { StoreKind } from './platform';
import type { Usage } from './process-usage';

const columns = [
  'what',
  'samples/s',
  'p50 ms',
  'p99 ms',
  'diproxy µs/sample',
  'store µs/sample',
  'diproxy MiB',
  'store MiB',
  'failed',
] as const;

function microsecondsPerSample(usage: Usage | undefined, samples: number): number | undefined {
  return usage === undefined || samples === 0 ? undefined : (usage.cpuSeconds * 1e6) / samples;
}

function fixed(figure: number | undefined, digits: number): string {
  return figure === undefined || Number.isNaN(figure) ? '–' : figure.toFixed(digits);
}

function row({ what, load, gateway, store }: Measurement): string[] {
  const failed = Object.entries(load.failed).map(([status, count]) => `${String(count)} × ${status}`);
  return [
    what,
    `${fixed(load.samples / load.seconds / 1000, 0)}k`,
    fixed(load.p50Ms, 1),
    fixed(load.p99Ms, 1),
    fixed(microsecondsPerSample(gateway, load.samples), 2),
    fixed(microsecondsPerSample(store, load.samples), 2),
    fixed(gateway?.maxResidentMebibytes, 0),
    fixed(store?.maxResidentMebibytes, 0),
    failed.length === 0 ? '0' : failed.join(', '),
  ];
}

/** The whole report of one kind of store. */
export function renderSide(kind: StoreKind, protocol: Protocol, report: SideReport): string {
  const { storeAlone, throughToStore, throughToSink, sinkAtHalf, throughAtHalf } = report;
  const measurements = [storeAlone, throughToStore, throughToSink, sinkAtHalf, throughAtHalf];
  const storeCost = microsecondsPerSample(storeAlone.store, storeAlone.load.samples) ?? Number.NaN;
  const ratio = ({ gateway, load }: Measurement): string =>
    fixed((microsecondsPerSample(gateway, load.samples) ?? Number.NaN) / storeCost, 3);
  const labelled = kind === 'thanos' ? undefined : 'a tenant label goes into every series';
  const translated = protocol === '2' ? '2.0 is translated to 1.0' : undefined;
  const way = [translated, labelled].filter((part) => part !== undefined).join(', ') || 'bodies pass through';
  return [
    `METRICS_STORE=${kind} (${way})`,
    '',
    renderTable([[...columns], ...measurements.map(row)]),
    '',
    `CPU of diproxy ÷ CPU of ${kind} alone, per sample: ${ratio(throughToSink)} before the sink, ${ratio(throughToStore)} before the store`,
    `added at half of its maximum load: p50 ${fixed(throughAtHalf.load.p50Ms - sinkAtHalf.load.p50Ms, 1)} ms, p99 ${fixed(throughAtHalf.load.p99Ms - sinkAtHalf.load.p99Ms, 1)} ms`,
  ].join('\n');
}
