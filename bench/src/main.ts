import { parseArgs } from 'node:util';
import { benchAllocation } from './allocation/bench';
import { benchHour } from './allocation/hour/bench';
import { sizes } from './allocation/sizes';
import { benchBills } from './bills/bench';
import { capacityReport } from './capacity/report';
import { benchExports } from './exports/bench';
import { benchFreshness } from './freshness/bench';
import { benchGateway } from './gateway/bench';
import { benchParts } from './gateway/parts/parts';
import { benchPressure } from './gateway/pressure';
import { benchRestapi } from './restapi/bench';
import { benchWorker } from './worker/bench';

const usage = `usage: npm run bench -- gateway [--seconds 80] [--store thanos|prometheus] [--protocol 1|2] [--env NAME=value]…
       npm run bench -- parts [--seconds 20]
       npm run bench -- pressure [--seconds 40] [--env NAME=value]…
       npm run bench -- allocation [--size S|M|L|XL] [--seconds 600]
       npm run bench -- bills [--records 1000000] [--kills 2]
       npm run bench -- exports [--records 1000000] [--seconds 600]
       npm run bench -- hour [--size S|M|L|XL] [--store thanos|prometheus] [--env NAME=value]…
       npm run bench -- worker [--size S|M|L|XL] [--pods 600] [--hours 1] [--store thanos|prometheus]
       npm run bench -- restapi [--size S|M|L|XL] [--seconds 240] [--pause-ms 5000]
       npm run bench -- freshness [--minutes 30] [--store thanos|prometheus]
       npm run bench -- capacity`;

const everyStore = ['thanos', 'prometheus'] as const;
const defaultSeconds = {
  gateway: 80,
  parts: 20,
  pressure: 40,
  allocation: 600,
  bills: 600,
  exports: 600,
  hour: 60,
  worker: 60,
  restapi: 240,
  freshness: 1,
  capacity: 1,
};

interface Flags {
  readonly seconds: number;
  readonly store: string | undefined;
  readonly protocol: string;
  readonly env: readonly string[];
  readonly size: string;
  readonly records: string;
  readonly kills: string;
  readonly 'pause-ms': string;
  readonly pods: string | undefined;
  readonly hours: string;
  readonly minutes: string;
}

/** A benchmark's report; undefined: its flags were not understood. */
type Bench = (flags: Flags) => Promise<string> | string | undefined;

function say(line: string): void {
  console.error(`bench  ${line}`);
}

function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

const environmentOf = (pairs: readonly string[]): Record<string, string> =>
  Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));

const storesOf = (store: string | undefined) => everyStore.filter((kind) => store === undefined || kind === store);

const benches: Readonly<Record<keyof typeof defaultSeconds, Bench>> = {
  gateway: ({ seconds, store, protocol, env }) => {
    const stores = storesOf(store);
    if (stores.length === 0 || (protocol !== '1' && protocol !== '2')) return undefined;
    return benchGateway({ seconds, stores, protocol, environment: environmentOf(env), say });
  },
  pressure: ({ seconds, env }) => benchPressure({ seconds, environment: environmentOf(env), say }),
  parts: ({ seconds }) => benchParts({ seconds, cpuMicroseconds }),
  allocation: ({ seconds, size }) => {
    const known = sizes.find(({ name }) => name === size);
    return known && benchAllocation({ size: known, seconds, say });
  },
  bills: ({ records, kills }) => {
    const isCount = Number.isInteger(Number(records)) && Number(records) > 0 && Number.isInteger(Number(kills));
    return isCount ? benchBills({ records: Number(records), kills: Number(kills), say }) : undefined;
  },
  exports: ({ records, seconds }) => {
    const isCount = Number.isInteger(Number(records)) && Number(records) > 0;
    return isCount ? benchExports({ records: Number(records), seconds, say }) : undefined;
  },
  hour: ({ size, store, env }) => {
    const known = sizes.find(({ name }) => name === size);
    const stores = storesOf(store);
    if (known === undefined || stores.length === 0) return undefined;
    return benchHour({ pods: known.pods, stores, environment: environmentOf(env), say });
  },
  worker: ({ size, pods, hours, store }) => {
    const largest = sizes.findIndex(({ name }) => name === size);
    const clusters = pods === undefined ? sizes.slice(0, largest + 1).map((one) => one.pods) : [Number(pods)];
    const [kind] = storesOf(store);
    const isCount = [...clusters, Number(hours)].every((count) => Number.isInteger(count) && count > 0);
    if (!isCount || clusters.length === 0 || kind === undefined) return undefined;
    return benchWorker({ clusters, hours: Number(hours), store: kind, say });
  },
  restapi: ({ seconds, size, 'pause-ms': pause }) => {
    const known = sizes.find(({ name }) => name === size);
    const pauseMs = Number(pause);
    return known && pauseMs >= 0 ? benchRestapi({ size: known, seconds, pauseMs, cpuMicroseconds, say }) : undefined;
  },
  freshness: ({ minutes, store }) => {
    const [kind] = storesOf(store);
    if (kind === undefined || !(Number(minutes) > 0)) return undefined;
    return benchFreshness({ minutes: Number(minutes), store: kind, say });
  },
  capacity: capacityReport,
};

const isBench = (name: string): name is keyof typeof benches => Object.hasOwn(benches, name);

function readFlags() {
  return parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: {
      seconds: { type: 'string' },
      store: { type: 'string' },
      protocol: { type: 'string', default: '1' },
      env: { type: 'string', multiple: true, default: [] },
      size: { type: 'string', default: 'S' },
      records: { type: 'string', default: '1000000' },
      kills: { type: 'string', default: '2' },
      'pause-ms': { type: 'string', default: '5000' },
      pods: { type: 'string' },
      hours: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '30' },
    },
  });
}

async function run(): Promise<string | undefined> {
  const { values, positionals } = readFlags();
  const [what = ''] = positionals;
  if (positionals.length !== 1 || !isBench(what)) return undefined;
  const seconds = Number(values.seconds ?? defaultSeconds[what]);
  if (!(seconds > 0)) return undefined;
  return benches[what]({ ...values, store: values.store, pods: values.pods, seconds });
}

const isUnknownFlag = (error: unknown): boolean =>
  error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');

run()
  .catch((error: unknown) => {
    if (isUnknownFlag(error)) return undefined;
    throw error;
  })
  .then((report) => {
    if (report === undefined) {
      console.error(usage);
      process.exitCode = 64;
    } else console.log(report);
  })
  .catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
