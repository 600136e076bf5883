import { parseArgs } from 'node:util';
import { benchAllocation } from './allocation/bench';
import { sizes } from './allocation/sizes';

const usage = 'usage: npm run bench -- allocation [--size S|M|L|XL] [--seconds 600]';

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: { size: { type: 'string', default: 'S' }, seconds: { type: 'string', default: '600' } },
  });
  const size = sizes.find(({ name }) => name === values.size);
  const seconds = Number(values.seconds);
  if (positionals.join() !== 'allocation' || size === undefined || !(seconds > 0)) {
    console.error(usage);
    process.exitCode = 64;
    return;
  }
  const say = (line: string): void => {
    console.error(`bench  ${line}`);
  };
  console.log(await benchAllocation({ size, seconds, say }));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
