import type { Protocol } from './bodies';
import type { LoadOrder, LoadResult } from './load';
import { runLoad } from './load-process';
import type { Account, Platform, Side } from './platform';
import { UsageWatch, type Usage } from './process-usage';

/** One line of the report. */
export interface Measurement {
  readonly side: Side['kind'];
  readonly what: string;
  readonly load: LoadResult;
  readonly gateway: Usage | undefined;
  readonly store: Usage | undefined;
}

/** Everything that one run found out about one kind of store. */
export interface SideReport {
  readonly storeAlone: Measurement;
  readonly throughToStore: Measurement;
  readonly throughToSink: Measurement;
  readonly sinkAtHalf: Measurement;
  readonly throughAtHalf: Measurement;
}

const shapes = 8;
// Within the two hours of a head block, and as far in the past as all phases together are long.
const pastMs = 90 * 60_000;
const phasesPerSide = 5;
// V8 compiles what is hot only after some thousands of calls: until then the same write costs twice as much.
const warmUpSeconds = 12;

const protocolHeaders: Readonly<Record<Protocol, Readonly<Record<string, string>>>> = {
  1: { 'content-type': 'application/x-protobuf', 'x-prometheus-remote-write-version': '0.1.0' },
  2: {
    'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
    'x-prometheus-remote-write-version': '2.0.0',
  },
};

/** The headers of one account's writes. */
export function headersFor({ id, password }: Account, protocol: Protocol): Record<string, string> {
  return {
    'cloud-account-id': id,
    authorization: `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`,
    'content-encoding': 'snappy',
    ...protocolHeaders[protocol],
  };
}

/** Where a gateway takes writes. */
export const writeTo = (gateway: { readonly url: string }): string => `${gateway.url}/storage/api/v2/write`;

interface Phase {
  readonly what: string;
  readonly url: string;
  readonly through?: { readonly pid: number | undefined };
  readonly store?: { readonly pid: number };
  readonly requestsPerSecond?: number;
}

/** Measures one side; `say` tells what is under way. */
export async function measureSide(
  platform: Platform,
  side: Side,
  { seconds, protocol, say }: { seconds: number; protocol: Protocol; say: (line: string) => void },
): Promise<SideReport> {
  let startMs = Date.now() - pastMs;
  const orderOf = ({ url, through, store, requestsPerSecond }: Phase): LoadOrder => {
    // A store that reads 1.0 only takes 2.0 for nothing: alone it is sent what it reads.
    const spoken = through === undefined && store !== undefined ? '1' : protocol;
    return {
      url,
      headers: headersFor(platform.account, spoken),
      protocol: spoken,
      seconds: seconds / phasesPerSide,
      shapes,
      advancing: store !== undefined,
      startMs,
      ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
    };
  };
  const warmUp = async (phase: Phase): Promise<void> => {
    say(`${side.kind}: warming up`);
    const { nextMs } = await runLoad({ ...orderOf(phase), seconds: warmUpSeconds }, () => undefined);
    if (phase.store !== undefined) startMs = nextMs;
  };
  const measure = async (phase: Phase): Promise<Measurement> => {
    const { what, through, store } = phase;
    const pids = new Map<'gateway' | 'store', number>();
    if (through?.pid !== undefined) pids.set('gateway', through.pid);
    if (store !== undefined) pids.set('store', store.pid);
    const watch = new UsageWatch(pids);
    const load = await runLoad(orderOf(phase), () => {
      watch.start();
    });
    const usage = watch.end();
    if (store !== undefined) startMs = load.nextMs;
    const measurement = { side: side.kind, what, load, gateway: usage.get('gateway'), store: usage.get('store') };
    say(`${side.kind}: ${what}, ${String(Math.round(load.samples / load.seconds / 1000))}k samples/s`);
    return measurement;
  };

  const { store, beforeStore, beforeSink, kind } = side;
  const storeAlone = await measure({ what: `${kind} alone`, url: store.writeUrl, store });
  const toStore = { what: `diproxy → ${kind}`, url: writeTo(beforeStore), through: beforeStore, store };
  await warmUp(toStore);
  const throughToStore = await measure(toStore);
  const toSink = { what: 'diproxy → null sink', url: writeTo(beforeSink), through: beforeSink };
  await warmUp(toSink);
  const throughToSink = await measure(toSink);
  const requestsPerSecond = throughToSink.load.requests / throughToSink.load.seconds / 2;
  const sinkAtHalf = await measure({
    what: 'null sink, half of the maximum',
    url: platform.sinkUrl,
    requestsPerSecond,
  });
  const throughAtHalf = await measure({
    what: 'diproxy → null sink, half of the maximum',
    url: writeTo(beforeSink),
    through: beforeSink,
    requestsPerSecond,
  });
  return { storeAlone, throughToStore, throughToSink, sinkAtHalf, throughAtHalf };
}
