import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArguments } from './arguments.mjs';
import { buildPrograms } from './build.mjs';
import { findServers } from './find-servers.mjs';
import { installPackages } from './packages.mjs';
import { writeServersFile } from './servers-file.mjs';
import { SetupError } from './setup-error.mjs';
import { withSetupLock } from './setup-lock.mjs';

const OLDEST_NODE = [20, 19];

async function main() {
  const { purpose, store } = parseArguments(process.argv.slice(2));
  requireNode();
  const rootDir = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
  const localDir = join(rootDir, '.local');
  const report = (line) => console.log(`setup  ${line}`);
  const context = { rootDir, localDir, env: process.env, report };
  await withSetupLock(localDir, report, async () => {
    const startedMs = Date.now();
    await installPackages(context);
    if (purpose !== 'check') {
      await buildPrograms(context);
      const entries = await findServers({ purpose, store, ...context });
      writeServersFile(localDir, entries);
      for (const [name, entry] of Object.entries(entries)) report(`${name}: ${describe(entry)}`);
    }
    report(`ready for ${purpose} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`);
  });
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  if (isOld)
    throw new SetupError(`Node ${OLDEST_NODE.join('.')} or later is needed, this is ${process.versions.node}.`);
}

function describe(entry) {
  const engine = entry.engine ? `${entry.engine} ` : '';
  switch (entry.kind) {
    case 'url':
      return 'as the environment says';
    case 'embedded':
      return 'embedded (chdb)';
    case 'docker':
      return `${engine}in Docker (${entry.image})`;
    default:
      return `${engine}${entry.version} ${{ path: 'on PATH', debian: "from Debian's package", go: 'built from its Go module', pypi: 'from PyPI' }[entry.from]}`;
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
