import { spawnSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

// `npm run demo -- [flags]` and `npm run stack -- [flags]`: the setup is told the store that the flags choose, then the
// launcher takes over this process, so that Ctrl-C reaches one process only.
const [purpose, ...flags] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const { store } = parseArgs({ args: flags, strict: false, options: { store: { type: 'string' } } }).values;

const setupArguments = ['--for', purpose, ...(typeof store === 'string' ? [`--store=${store}`] : [])];
const setup = spawnSync(process.execPath, [join(here, 'setup.mjs'), ...setupArguments], { stdio: 'inherit' });
if (setup.status !== 0) process.exit(setup.status ?? 1);

const main = resolve(here, `../../deploy/local/launcher/dist/${purpose}-main.js`);
process.argv = [process.execPath, main, ...flags];
await import(pathToFileURL(main).href);
