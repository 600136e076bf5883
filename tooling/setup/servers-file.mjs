import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes `.local/servers.json`, which the starters read. Binaries that another purpose found stay in it as long as they
 * are there; URLs and containers do not, since the environment may have changed.
 */
export function writeServersFile(localDir, entries) {
  const file = join(localDir, 'servers.json');
  const kept = Object.entries(readOld(file)).filter(([, entry]) => entry.kind === 'binary' && existsSync(entry.path));
  const text = `${JSON.stringify({ ...Object.fromEntries(kept), ...entries }, undefined, 2)}\n`;
  // A URL may carry a password.
  writeFileSync(`${file}.part`, text, { mode: 0o600 });
  renameSync(`${file}.part`, file);
}

function readOld(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}
