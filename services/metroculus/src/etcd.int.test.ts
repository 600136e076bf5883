import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  freePort,
  sharedServers,
  startEtcd,
  startService,
  temporaryFolder,
  waitFor,
  type LocalServer,
  type LocalService,
} from '@cloudtuner/test-kit';
import { generate } from 'selfsigned';
import { etcdKeys, type EtcdKeys } from './testing/etcd-keys';

const wait = { timeoutMs: 50_000, intervalMs: 50 };
const secrets = ['the-first-cluster-secret', 'the-second-cluster-secret', 'the-third-cluster-secret'] as const;

/** What an account's metrics are answered with, by this secret. */
async function statusBy(service: LocalService, secret: string): Promise<number> {
  const query = `cloud_account_id=${randomUUID()}&start_date=0&end_date=3600`;
  const answer = await fetch(`${service.url}/metroculus/v2/kubecost_metrics?${query}`, { headers: { Secret: secret } });
  await answer.arrayBuffer();
  return answer.status;
}

/** Asks without a pause, over kept and new connections, until it is told to stop. */
function askWithoutPause(service: LocalService, secret: string): { stop(): Promise<Map<string, number>> } {
  const outcomes = new Map<string, number>();
  const state = { going: true };
  const ask = async (headers: Record<string, string>): Promise<void> => {
    while (state.going) {
      const query = `cloud_account_id=${randomUUID()}&start_date=0&end_date=3600`;
      const outcome = await fetch(`${service.url}/metroculus/v2/kubecost_metrics?${query}`, {
        headers: { Secret: secret, ...headers },
      }).then(
        async (answer) => {
          await answer.arrayBuffer();
          return String(answer.status);
        },
        (error: unknown) => String(error instanceof Error ? error.cause : error),
      );
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  };
  const asking = [{}, {}, { Connection: 'close' }, { Connection: 'close' }].map(ask);
  return {
    async stop() {
      state.going = false;
      await Promise.all(asking);
      return outcomes;
    },
  };
}

describe('a service whose settings are in etcd', () => {
  let etcd: LocalServer;
  let keys: EtcdKeys;
  let service: LocalService;
  const said: string[] = [];

  beforeAll(async () => {
    etcd = await startEtcd();
    keys = etcdKeys(etcd.url);
    const { queryUrl } = await sharedServers().prometheus();
    await keys.put('/secret/cluster', secrets[0]);
    await keys.put('/thanos_query/host', new URL(queryUrl).hostname);
    await keys.put('/thanos_query/port', new URL(queryUrl).port);
    await keys.put('/cloudtuner/metroculus/LOG_LEVEL', 'error');
    service = await startService('metroculus', { ETCD_URL: etcd.url, LOG_LEVEL: 'info' });
  });
  afterAll(async () => {
    await service.stop();
    await etcd.stop();
  });

  const records = (message: string) => service.logRecords().filter(({ msg }) => msg === message);

  it('has them, and what the environment says wins', async () => {
    expect(await statusBy(service, secrets[0])).toBe(200);
    expect(await statusBy(service, secrets[1])).toBe(401);
    // It would not have been logged otherwise.
    expect(records('listening').length).toBeGreaterThan(0);
  });

  it('takes a changed one without losing a request', async () => {
    const asking = askWithoutPause(service, secrets[0]);
    await keys.put('/cloudtuner/METRICS_QUERY_TIMEOUT_SECONDS', '11');
    await waitFor(() => records('stopped').length === 1, { what: 'the process before to end', ...wait });
    const outcomes = await asking.stop();
    expect([...outcomes.keys()]).toEqual(['200']);
    expect(records('ready')).toHaveLength(2);
    expect((await fetch(`${service.adminUrl}/readyz`)).status).toBe(200);
  });

  it('stays as it was when a changed one is not usable, and says which without its value', async () => {
    await keys.put('/secret/cluster', 'too-short');
    const [record] = await waitFor(() => {
      const found = records('settings in etcd are not usable: the old ones stay');
      return found.length > 0 && found;
    }, wait);
    expect(record).toMatchObject({ names: ['CLUSTER_SECRET'] });
    expect(String(record?.reason)).toContain('CLUSTER_SECRET must have at least 16 characters');
    expect(await statusBy(service, secrets[0])).toBe(200);
    said.push('too-short');
  });

  it('goes on while etcd hangs or is down, and then takes what it missed, compacted or not', async () => {
    await etcd.pause();
    expect(await statusBy(service, secrets[0])).toBe(200);
    await etcd.resume();
    await etcd.kill();
    expect(await statusBy(service, secrets[0])).toBe(200);
    await etcd.restart();
    for (const secret of [secrets[1], secrets[2], secrets[1]])
      await keys.compact(await keys.put('/secret/cluster', secret));
    await waitFor(async () => (await statusBy(service, secrets[1])) === 200, { what: 'the second secret', ...wait });
    await waitFor(async () => (await statusBy(service, secrets[0])) === 401, { what: 'the first to end', ...wait });
  });

  it('never logs a secret', () => {
    const log = JSON.stringify(service.logRecords()) + service.lastLines(1_000).join('\n');
    expect(log).toContain('CLUSTER_SECRET');
    for (const secret of [...secrets, ...said]) expect(log).not.toContain(secret);
  });

  it('ends with all its processes', async () => {
    await service.kill('SIGTERM');
    await expect(service.exited).resolves.toEqual({ code: 0, signal: null });
    await expect(fetch(service.url)).rejects.toThrow();
    await expect(fetch(service.adminUrl)).rejects.toThrow();
  });
});

describe('etcd at the start', () => {
  const start = (env: Record<string, string>) =>
    startService('metroculus', { ETCD_TIMEOUT_SECONDS: '1', CLUSTER_SECRET: secrets[0], ...env });

  it('that is not there ends the start, and says so', async () => {
    const url = `http://127.0.0.1:${String(await freePort())}`;
    await expect(start({ ETCD_URL: url })).rejects.toThrow(`metroculus: etcd at ${url} cannot be read`);
  });

  it('that asks for a user lets in whoever it knows, and the wrong password is not shown', async () => {
    const etcd = await startEtcd();
    try {
      const keys = etcdKeys(etcd.url);
      await keys.put('/cloudtuner/METRICS_QUERY_URL', (await sharedServers().prometheus()).queryUrl);
      await keys.requireUser('the-right-password');
      await expect(start({ ETCD_URL: etcd.url })).rejects.toThrow('cannot be read');
      const wrong = { ETCD_URL: etcd.url, ETCD_USERNAME: 'reader', ETCD_PASSWORD: 'the-wrong-password' };
      const error: unknown = await start(wrong).catch((reason: unknown) => reason);
      expect(String(error)).toContain('cannot be read');
      expect(String(error)).not.toContain('the-wrong-password');
      const service = await start({ ...wrong, ETCD_PASSWORD: 'the-right-password', ETCD_TIMEOUT_SECONDS: '20' });
      expect(await statusBy(service, secrets[0])).toBe(200);
      await service.stop();
    } finally {
      await etcd.stop();
    }
  });

  it('that speaks TLS is verified, and has our certificate', async () => {
    const folder = temporaryFolder();
    const file = (name: string): string => join(folder.path, name);
    for (const name of ['server', 'stranger']) {
      const { cert, private: key } = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
        ...{ keyType: 'ec', algorithm: 'sha256' },
        extensions: [
          { name: 'basicConstraints', cA: true },
          { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
        ],
      });
      writeFileSync(file(`${name}.pem`), cert);
      writeFileSync(file(`${name}.key`), key);
    }
    const tls = { certFile: file('server.pem'), keyFile: file('server.key'), clientCaFile: file('server.pem') };
    const etcd = await startEtcd({ tls });
    try {
      const ours = {
        ...{ ETCD_URL: etcd.url, ETCD_TLS_CA_FILE: tls.certFile, METRICS_QUERY_URL: 'http://127.0.0.1:1' },
        ...{ ETCD_TLS_CERT_FILE: tls.certFile, ETCD_TLS_KEY_FILE: tls.keyFile },
      };
      await expect(start({ ...ours, ETCD_TLS_CA_FILE: file('stranger.pem') })).rejects.toThrow('cannot be read');
      const service = await start({ ...ours, ETCD_TIMEOUT_SECONDS: '20' });
      await service.stop();
    } finally {
      await etcd.stop();
      folder.remove();
    }
  });
});
