import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { readServers } from '@cloudtuner/local-servers';

const run = promisify(execFile);

/** A bucket with one block of each tenant, as Thanos Receive uploads them. */
export interface TenantBlocks {
  /** For the commands: where the bucket is, and a PATH with `thanos` on it. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether the tenant's block is marked for deletion. */
  isMarked(tenantId: string): boolean;
}

function programOf(name: 'thanos' | 'prometheus'): string {
  const found = readServers()[name];
  if (found?.kind !== 'binary') throw new Error(`This test needs ${name} as a program.`);
  return found.path;
}

/** Fills a bucket in the folder. */
export async function createTenantBlocks(folder: string, tenantIds: readonly string[]): Promise<TenantBlocks> {
  const samples = path.join(folder, 'samples.txt');
  writeFileSync(samples, '# TYPE node_cpu_hourly_cost gauge\nnode_cpu_hourly_cost 1 1700000000\n# EOF\n');
  const promtool = path.join(path.dirname(programOf('prometheus')), 'promtool');
  const blocks = new Map<string, string>();
  for (const tenantId of tenantIds) {
    const made = path.join(folder, tenantId);
    mkdirSync(made);
    await run(promtool, ['tsdb', 'create-blocks-from', 'openmetrics', samples, made]);
    const name = readdirSync(made).find((entry) => /^[0-9A-Z]{26}$/.test(entry));
    if (name === undefined) throw new Error('promtool made no block');
    const block = path.join(folder, 'bucket', name);
    cpSync(path.join(made, name), block, { recursive: true });
    const metaFile = path.join(block, 'meta.json');
    const meta = JSON.parse(readFileSync(metaFile, 'utf8')) as object;
    const labels = { receive_replica: '0', tenant_id: tenantId };
    const thanos = { labels, downsample: { resolution: 0 }, source: 'receive' };
    writeFileSync(metaFile, JSON.stringify({ ...meta, thanos }));
    blocks.set(tenantId, block);
  }
  const bin = path.join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync(programOf('thanos'), path.join(bin, 'thanos'));
  const objstore = path.join(folder, 'objstore.yml');
  writeFileSync(objstore, JSON.stringify({ type: 'FILESYSTEM', config: { directory: path.join(folder, 'bucket') } }));
  return {
    env: { OBJSTORE: objstore, PATH: `${bin}:${process.env['PATH'] ?? ''}` },
    isMarked: (tenantId) => readdirSync(blocks.get(tenantId) ?? '').includes('deletion-mark.json'),
  };
}
