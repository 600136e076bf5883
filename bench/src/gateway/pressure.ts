import { load, machine } from '../machine';
import { renderTable } from '../table';
import { seriesPerBody } from './bodies';
import type { LoadOrder, LoadResult } from './load';
import { runLoad } from './load-process';
import { headersFor, writeTo } from './measurements';
import { startSharedGateway, type Account, type SharedGateway } from './platform';
import { UsageWatch } from './process-usage';

export interface PressureOptions {
  /** Of both phases together. */
  readonly seconds: number;
  readonly environment: Readonly<Record<string, string>>;
  /** One line of progress. */
  readonly say: (line: string) => void;
}

const limitPerSecond = 10_000;
const floodFactor = 20;
const quietRequestsPerSecond = 20;
// The flood begins first and ends last: the bodies of the quiet account are made meanwhile.
const floodMarginSeconds = 5;

function orderFor(shared: SharedGateway, account: Account, load: Pick<LoadOrder, 'requestsPerSecond' | 'seconds'>) {
  const order: LoadOrder = {
    url: writeTo(shared.gateway),
    headers: headersFor(account, '1'),
    protocol: '1',
    shapes: 4,
    advancing: false,
    startMs: Date.now(),
    ...load,
  };
  return order;
}

function row(what: string, { samples, seconds, p50Ms, p99Ms, failed }: LoadResult): string[] {
  const refused = Object.entries(failed).map(([status, count]) => `${String(count)} × ${status}`);
  return [
    what,
    `${(samples / seconds / 1000).toFixed(0)}k`,
    p50Ms.toFixed(1),
    p99Ms.toFixed(1),
    refused.length === 0 ? '0' : refused.join(', '),
  ];
}

/** A quiet account alone, then beside one that sends 20 times what it may; returns the report. */
export async function benchPressure({ seconds, environment, say }: PressureOptions): Promise<string> {
  const loadBefore = load();
  say('starting servers');
  const limits = { samples_per_second: limitPerSecond, samples_burst: limitPerSecond };
  const shared = await startSharedGateway(limits, environment);
  try {
    const phaseSeconds = seconds / 2;
    const none = (): undefined => undefined;
    const quietOrder = { requestsPerSecond: quietRequestsPerSecond, seconds: phaseSeconds };
    say('the quiet account alone');
    const alone = await runLoad(orderFor(shared, shared.quiet, quietOrder), none);
    say('beside the flood');
    const watch = new UsageWatch(new Map(shared.gateway.pid === undefined ? [] : [['gateway', shared.gateway.pid]]));
    const requestsPerSecond = (limitPerSecond * floodFactor) / seriesPerBody;
    const floodOrder = { requestsPerSecond, seconds: phaseSeconds + floodMarginSeconds };
    const [flood, beside] = await new Promise<[LoadResult, LoadResult]>((resolve, reject) => {
      const flooding = runLoad(orderFor(shared, shared.limited, floodOrder), () => {
        watch.start();
        const quiet = runLoad(orderFor(shared, shared.quiet, quietOrder), none);
        Promise.all([flooding, quiet]).then(resolve, reject);
      });
      flooding.catch(reject);
    });
    const resident = watch.end().get('gateway')?.maxResidentMebibytes;
    return [
      `machine: ${machine()}; load average ${loadBefore} before, ${load()} after`,
      '',
      renderTable([
        ['what', 'samples/s stored', 'p50 ms', 'p99 ms', 'not stored'],
        row('the quiet account alone', alone),
        row('the quiet account beside the flood', beside),
        row(`the flood, ${String(floodFactor)} × its limit`, flood),
      ]),
      '',
      `p99 of the quiet account beside the flood ÷ alone: ${(beside.p99Ms / alone.p99Ms).toFixed(2)}; diproxy at most ${resident?.toFixed(0) ?? '–'} MiB`,
    ].join('\n');
  } finally {
    await shared.stop();
  }
}
