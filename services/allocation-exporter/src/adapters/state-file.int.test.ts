import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { createLogger } from '@cloudtuner/service-kit';
import { createSampleCluster, startKubecostServer, temporaryFolder, waitFor } from '@cloudtuner/test-kit';
import { startExporterService } from '../testing/exporter-harness';
import { createStateFile } from './state-file';

const hourMs = 3_600_000;
const logger = createLogger({
  service: 'test',
  level: 'error',
  destination: new Writable({
    write(_chunk, _encoding, done) {
      done();
    },
  }),
});

describe('the state file', () => {
  const folder = temporaryFolder('state-file');
  const path = join(folder.path, 'state.json');
  const hours = [{ hourStartMs: 0, readAtMs: 1, fingerprint: 'a' }];

  afterAll(() => {
    folder.remove();
  });

  it('gives back what was saved, and nothing of what is no state', async () => {
    const file = createStateFile(path, logger);
    expect(file.load()).toEqual([]);
    await file.save(hours);
    expect(createStateFile(path, logger).load()).toEqual(hours);
    for (const text of [
      '',
      '{"version":1',
      '{"version":2,"hours":[]}',
      '{"version":1,"hours":[{"hourStartMs":"x"}]}',
    ]) {
      writeFileSync(path, text);
      expect(createStateFile(path, logger).load()).toEqual([]);
    }
  });

  it('that cannot be written is no trouble', async () => {
    await expect(createStateFile(join(folder.path, 'absent', 'x'), logger).save(hours)).resolves.toBeUndefined();
  });

  it('spares a restarted exporter the hours that were shown, but not one that was restated since', async () => {
    const nowMs = Math.floor(Date.now() / hourMs) * hourMs + 20 * 60_000;
    const startMs = nowMs - 12 * hourMs;
    const cluster = createSampleCluster({
      ...{ seed: 5, name: 'Shop', clusterId: 'shop', profile: 'shop', startMs: Math.floor(startMs / hourMs) * hourMs },
    });
    const kubecost = await startKubecostServer({ cluster, product: 'kubecost', nowMs: () => clock });
    let clock = nowMs;
    const file = join(folder.path, 'exporter.json');
    const env = { STATE_FILE: file, CLOSED_HOUR_REREAD_SECONDS: '600' };
    const start = () => startExporterService({ kubecostUrl: kubecost.url, nowMs: () => clock, env });
    const remembered = (): number => (readFileSync(file, 'utf8').match(/hourStartMs/g) ?? []).length;

    const first = await start();
    await waitFor(
      async () => {
        await first.scrape();
        return remembered() >= 2;
      },
      { what: 'two hours to be shown', timeoutMs: 60_000 },
    );
    await first.stop();
    const newestMs = Math.floor(nowMs / hourMs) * hourMs - hourMs;
    kubecost.restate(newestMs, 0.5);
    clock += 30 * 60_000;
    const second = await start();
    const shown = new Set<number>();
    const outcomes = async (outcome: string): Promise<number> => {
      const text = await second.registry.getSingleMetricAsString('allocation_exporter_closed_hours_total');
      return Number(new RegExp(`outcome="${outcome}"[^}]*} (\\d+)`).exec(text)?.[1] ?? 0);
    };
    await waitFor(
      async () => {
        const scrape = await second.scrape();
        const hour = scrape.value('kubecost_allocation_window_start_seconds', { window: 'closed' });
        if (hour !== undefined) shown.add(hour * 1_000);
        return shown.size > 0 && (await outcomes('same')) > 0;
      },
      { what: 'the restated hour to be shown and the other to be read', timeoutMs: 60_000 },
    );
    expect([...shown]).toEqual([newestMs]);
    await second.stop();
    await kubecost.stop();
  }, 180_000);
});
