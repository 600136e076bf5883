import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  commonConfig,
  ConfigError,
  defineConfig,
  env,
  serverTlsConfig,
  serverTlsOptions,
  tlsConfig,
  tlsOptions,
} from '../index';

const definition = defineConfig({
  ...commonConfig({ port: 8935, adminPort: 9935 }),
  MONGODB_URL: env.url('Where MongoDB answers.'),
  CLUSTER_SECRET: env.secret('Shared by our services.'),
  METRICS_STORE: env.oneOf('Kind of the store.', ['thanos', 'prometheus']),
  STRICT: env.boolean('Whether.', { default: false }),
  RATIO: env.number('A share.', { default: 0.5, min: 0, max: 1 }),
  QUERY_URL: env.optionalUrl('Optional.'),
});

const complete = {
  MONGODB_URL: 'mongodb://127.0.0.1:27017',
  CLUSTER_SECRET: 'sixteen-or-more-characters',
  METRICS_STORE: 'thanos',
};

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    definition.parse(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const folder = mkdtempSync(join(tmpdir(), 'cloudtuner-config-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function fileWith(text: string): string {
  const path = join(folder, randomUUID());
  writeFileSync(path, text);
  return path;
}

describe('defineConfig', () => {
  it('gives typed, frozen values and defaults', () => {
    const config = definition.parse({ ...complete, PORT: '0', STRICT: 'true' });

    expect(config).toMatchObject({
      PORT: 0,
      ADMIN_PORT: 9935,
      STRICT: true,
      RATIO: 0.5,
      METRICS_STORE: 'thanos',
      LOG_LEVEL: 'info',
    });
    expect(config.QUERY_URL).toBeUndefined();
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('tells every problem at once, by name and never by value', () => {
    const problems = problemsOf({
      PORT: 'x9',
      CLUSTER_SECRET: 'short-one',
      METRICS_STORE: 'influx',
      RATIO: '2',
      QUERY_URL: 'no url',
    });

    expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual([
      'CLUSTER_SECRET',
      'METRICS_STORE',
      'MONGODB_URL',
      'PORT',
      'QUERY_URL',
      'RATIO',
    ]);
    expect(problems.join('\n')).not.toMatch(/x9|short-one|influx|no url/);
  });

  it('has no default for a secret and takes it from a mounted file without its last newline', () => {
    const withoutSecret = { MONGODB_URL: complete.MONGODB_URL, METRICS_STORE: complete.METRICS_STORE };

    expect(problemsOf(withoutSecret)).toEqual(['CLUSTER_SECRET is required']);
    expect(
      definition.parse({ ...withoutSecret, CLUSTER_SECRET_FILE: fileWith('from-a-mounted-file\n') }).CLUSTER_SECRET,
    ).toBe('from-a-mounted-file');
  });

  it('refuses a secret that is given twice or whose file is not there', () => {
    expect(problemsOf({ ...complete, CLUSTER_SECRET_FILE: fileWith('from-a-mounted-file') })).toEqual([
      'CLUSTER_SECRET and CLUSTER_SECRET_FILE are both set; keep one',
    ]);
    expect(problemsOf({ ...complete, CLUSTER_SECRET: '', CLUSTER_SECRET_FILE: '/nowhere/secret' })).toEqual([
      'CLUSTER_SECRET_FILE names a file that cannot be read',
    ]);
  });

  it('counts an empty text as absent', () => {
    expect(definition.parse({ ...complete, PORT: '', QUERY_URL: '' })).toMatchObject({
      PORT: 8935,
      QUERY_URL: undefined,
    });
    expect(problemsOf({ ...complete, MONGODB_URL: '' })).toEqual(['MONGODB_URL is required']);
  });
});

describe('tlsOptions', () => {
  const tls = defineConfig(tlsConfig('MONGODB'));

  it('is undefined where nothing deviates from the defaults', () => {
    expect(tlsOptions(tls.parse({}), 'MONGODB')).toBeUndefined();
  });

  it('verifies the server unless told otherwise and reads the files', () => {
    expect(tlsOptions(tls.parse({ MONGODB_TLS_CA_FILE: fileWith('a CA') }), 'MONGODB')).toEqual({
      ca: 'a CA',
      rejectUnauthorized: true,
    });
    expect(tlsOptions(tls.parse({ MONGODB_TLS_VERIFY: 'false' }), 'MONGODB')).toEqual({ rejectUnauthorized: false });
  });
});

describe('serverTlsOptions', () => {
  const parse = (environment: Record<string, string>) =>
    serverTlsOptions(defineConfig({ ...serverTlsConfig() }).parse(environment));

  it('is plain HTTP without files, and HTTPS with a certificate and its key', () => {
    const [cert, key, ca] = [fileWith('cert'), fileWith('key'), fileWith('ca')];
    expect(parse({ TLS_CERT_FILE: '' })).toBeUndefined();
    expect(parse({ TLS_CERT_FILE: cert, TLS_KEY_FILE: key })).toEqual({
      cert: 'cert',
      key: 'key',
      minVersion: 'TLSv1.2',
    });
    expect(parse({ TLS_CERT_FILE: cert, TLS_KEY_FILE: key, TLS_CLIENT_CA_FILE: ca })).toMatchObject({
      ca: 'ca',
      requestCert: true,
      rejectUnauthorized: true,
    });
  });

  it.each([['TLS_CERT_FILE'], ['TLS_KEY_FILE'], ['TLS_CLIENT_CA_FILE']])(
    'never falls back to plain HTTP when %s is alone',
    (name) => {
      expect(() => parse({ [name]: fileWith('x') })).toThrow(ConfigError);
    },
  );
});

describe('env.optionalInteger', () => {
  it('has a value or none', () => {
    const one = defineConfig({ THREADS: env.optionalInteger('Threads.', { min: 0, max: 8 }) });
    expect([one.parse({}).THREADS, one.parse({ THREADS: '' }).THREADS, one.parse({ THREADS: '3' }).THREADS]).toEqual([
      undefined,
      undefined,
      3,
    ]);
    expect(() => one.parse({ THREADS: '9' })).toThrow(/between 0 and 8/);
  });
});
