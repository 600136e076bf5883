import { load, machine } from '../machine';
import { seriesPerBody, type Protocol } from './bodies';
import { measureSide } from './measurements';
import { startPlatform, type StoreKind } from './platform';
import { renderSide } from './report';

export interface BenchOptions {
  /** Of all measuring together. */
  readonly seconds: number;
  readonly stores: readonly StoreKind[];
  /** Remote Write that the gateway is sent. */
  readonly protocol: Protocol;
  /** Added to the environment of the gateways. */
  readonly environment: Readonly<Record<string, string>>;
  /** One line of progress. */
  readonly say: (line: string) => void;
}

/** Measures the gateway and returns the report. */
export async function benchGateway(options: BenchOptions): Promise<string> {
  const { seconds, stores, protocol, environment, say } = options;
  const loadBefore = load();
  say('starting servers');
  const platform = await startPlatform(stores, environment);
  try {
    const parts: string[] = [];
    let bytes = '';
    for (const side of platform.sides) {
      const report = await measureSide(platform, side, { seconds: seconds / stores.length, protocol, say });
      const { compressedBytes, rawBytes } = report.throughToSink.load;
      bytes = `${(compressedBytes / 1000).toFixed(0)} kB compressed, ${(rawBytes / 1000).toFixed(0)} kB raw`;
      parts.push(renderSide(side.kind, protocol, report));
    }
    const about = [
      `bodies: ${String(seriesPerBody)} series × 1 sample × 10 labels, Remote Write ${protocol}.0, ${bytes}, 8 kinds, 8 connections`,
      `machine: ${machine()}; load average ${loadBefore} before, ${load()} after`,
    ];
    return [...about, '', ...parts.flatMap((part) => [part, ''])].join('\n');
  } finally {
    await platform.stop();
  }
}
