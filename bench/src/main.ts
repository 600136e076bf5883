import { parseArgs } from 'node:util';
import { benchGateway } from './gateway/bench';
import { benchParts } from './gateway/parts/parts';

const everyStore = ['thanos', 'prometheus'] as const;
const usage = `usage: npm run bench -- gateway [--seconds 80] [--store thanos|prometheus] [--protocol 1|2] [--env NAME=value]…
       npm run bench -- parts [--seconds 20]`;

interface Flags {
  readonly seconds: number;
  readonly store: string | undefined;
  readonly protocol: string;
  readonly env: readonly string[];
}

function say(line: string): void {
  console.error(`bench  ${line}`);
}

/** Undefined: the command line was not understood. */
async function report(what: string, { seconds, store, protocol, env }: Flags): Promise<string | undefined> {
  if (!(seconds > 0)) return undefined;
  if (what === 'parts') {
    const cpuMicroseconds = (): number => {
      const { user, system } = process.cpuUsage();
      return user + system;
    };
    return benchParts({ seconds, cpuMicroseconds });
  }
  const stores = store === undefined ? everyStore : everyStore.filter((kind) => kind === store);
  if (what !== 'gateway' || stores.length === 0 || (protocol !== '1' && protocol !== '2')) return undefined;
  const environment = Object.fromEntries(
    env.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
  return benchGateway({ seconds, stores, protocol, environment, say });
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: {
      seconds: { type: 'string' },
      store: { type: 'string' },
      protocol: { type: 'string', default: '1' },
      env: { type: 'string', multiple: true, default: [] },
    },
  });
  const [what = ''] = positionals;
  const seconds = Number(values.seconds ?? (what === 'parts' ? 20 : 80));
  const text = await report(what, { ...values, store: values.store, seconds });
  if (text === undefined) {
    console.error(usage);
    process.exitCode = 64;
    return;
  }
  console.log(text);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
