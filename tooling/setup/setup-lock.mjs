import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ASK_EVERY_MS = 200;

/** Runs `action` while no other setup of this checkout runs; one that was killed is not waited for. */
export async function withSetupLock(localDir, report, action) {
  mkdirSync(localDir, { recursive: true });
  const file = join(localDir, 'setup.lock');
  for (let said = false; !take(file); said = true) {
    if (!said) report('waiting for another setup of this checkout');
    await sleep(ASK_EVERY_MS);
  }
  try {
    return await action();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (!isAlive(file)) rmSync(file, { force: true });
    return false;
  }
}

function isAlive(file) {
  try {
    const owner = Number(readFileSync(file, 'utf8'));
    // A file without a number is one that is being written.
    if (owner === 0) return true;
    process.kill(owner, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
