import { existsSync } from 'node:fs';
import path from 'node:path';
import YAML from 'yaml';
import { readStages } from './dockerfile';
import { promtool, runTool } from './helm';
import {
  demoName,
  failureOf,
  readDemoVariables,
  readText,
  readVariables,
  root,
  run,
  serviceNames,
  temporaryFolder,
  type ServiceName,
} from './workspace';
import { writeFileSync } from 'node:fs';

jest.setTimeout(60_000);

interface ComposeService {
  readonly image: string;
  readonly build?: { readonly dockerfile: string; readonly target: string };
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly profiles?: readonly string[];
  readonly configs?: readonly { readonly source: string; readonly target: string }[];
}
interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: object;
  readonly configs: Readonly<Record<string, { readonly content: string }>>;
}

const compose = YAML.parse(readText('docker-compose.yml'), { merge: true }) as Compose;
const variables = readVariables();
const service = (name: string): ComposeService => compose.services[name] ?? { image: '' };
const namesIn = (name: ServiceName): readonly string[] => Object.keys(service(name).environment ?? {});

describe.each(serviceNames)('%s in docker-compose.yml', (name) => {
  it('is built from its target, and runs without rights on a read-only root', () => {
    expect(readStages().map((stage) => stage.name)).toContain(name);
    expect(service(name)).toMatchObject({
      build: { dockerfile: 'deploy/docker/Dockerfile', target: name },
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
  });

  it('is given no variable that it does not read', () => {
    const known = variables[name].flatMap((entry) =>
      entry.secret ? [entry.name, `${entry.name}_FILE`] : [entry.name],
    );
    expect(namesIn(name).filter((given) => !known.includes(given))).toEqual([]);
  });

  it('is given every variable that it cannot do without', () => {
    const given = namesIn(name).map((text) => text.replace(/_FILE$/, ''));
    const required = variables[name].filter((entry) => entry.required).map((entry) => entry.name);
    expect(required.length).toBeGreaterThan(0);
    expect(required.filter((text) => !given.includes(text))).toEqual([]);
  });

  it('starts with its environment', async () => {
    const secret = path.join(temporary, 'cluster_secret');
    writeFileSync(secret, 'a-secret-of-enough-characters');
    const environment = Object.entries(service(name).environment ?? {}).map(([key, value]) => [
      key,
      // What neither the shell nor .env sets has the default that stands there.
      key.endsWith('_FILE') ? secret : String(value).replace(/^\$\{\w+:-(.*)\}$/, '$1'),
    ]);
    const script = `require('./services/${name}/dist/config.js').config.parse(JSON.parse(process.argv[1]))`;
    const json = JSON.stringify(Object.fromEntries(environment));
    expect(failureOf(await run(process.execPath, ['-e', script, json]))).toBe('');
  });

  it('asks other services at ports that they have', () => {
    const addresses = Object.values(service(name).environment ?? {}).filter((value) => /:\/\//.test(String(value)));
    for (const address of addresses) {
      const { hostname, port } = new URL(String(address));
      expect(Object.keys(compose.services)).toContain(hostname);
      const own = serviceNames.find((candidate) => candidate === hostname);
      if (own !== undefined) expect(variables[own].find((entry) => entry.name === 'PORT')?.default).toBe(port);
    }
  });
});

const temporary = temporaryFolder('compose');

describe('the stores in docker-compose.yml', () => {
  const thanos = Object.keys(compose.services).filter((name) => name.startsWith('thanos-'));

  it.each(thanos)('%s is started with arguments that Thanos takes', async (name) => {
    const args = service(name).command ?? [];
    expect(args.length).toBeGreaterThan(2);
    // Arguments are read before the help is printed: an unknown one is an error.
    expect(failureOf(await runTool('thanos', [...args, '--help']))).toBe('');
  });

  it('take samples 12 hours late and compact what overlaps, as the Helm chart does, with the same Thanos', () => {
    expect(service('thanos-receive').command).toContain('--tsdb.out-of-order.time-window=12h');
    expect(service('thanos-compactor').command).toContain('--compact.enable-vertical-compaction');
    const { thanos: chart } = YAML.parse(readText('helm/cloudtuner/values.yaml')) as { thanos: { image: string } };
    expect(thanos.map((name) => service(name).image)).toEqual(thanos.map(() => chart.image));
  });

  it('never evict a job from Redis', () => {
    expect(service('redis').command).toEqual(expect.arrayContaining(['--maxmemory-policy', 'noeviction']));
  });
});

describe('the profile demo in docker-compose.yml', () => {
  const demo = service(demoName);

  it('is off unless asked for, built from its target, and runs without rights on a read-only root', () => {
    expect(demo).toMatchObject({
      profiles: ['demo'],
      build: { dockerfile: 'deploy/docker/Dockerfile', target: demoName },
      read_only: true,
      cap_drop: ['ALL'],
    });
    expect(service('demo-prometheus').profiles).toEqual(['demo']);
  });

  it('is given the variables that it reads, all that it cannot do without, and addresses that there are', () => {
    const known = readDemoVariables();
    const all = known.map(({ name }) => name);
    const required = known.filter((variable) => variable.required).map(({ name }) => name);
    const given = Object.keys(demo.environment ?? {});
    expect(required.length).toBeGreaterThan(2);
    expect(given.filter((name) => !all.includes(name))).toEqual([]);
    expect(required.filter((name) => !given.includes(name))).toEqual([]);
    const { RESTAPI_URL: restapi = '', GATEWAY_URL: gateway = '', PUBLIC_URL: shown = '' } = demo.environment ?? {};
    const portOf = (name: ServiceName) => variables[name].find((entry) => entry.name === 'PORT')?.default;
    expect(new URL(String(restapi)).host).toBe(`restapi:${portOf('restapi') ?? ''}`);
    expect(new URL(String(gateway)).host).toBe(`diproxy:${portOf('diproxy') ?? ''}`);
    expect(service('restapi').ports?.join()).toContain(`:${new URL(String(shown)).port}:`);
  });

  // That Prometheus takes the file is shown by deploy/e2e/src/compose-demo.int.test.ts, which runs one with it.
  it('has a Prometheus that scrapes it, and waits for the credentials that it reads', () => {
    const { scrape_configs, remote_write } = YAML.parse(readText('deploy/docker/demo-prometheus.yml')) as {
      scrape_configs: readonly { static_configs: readonly { targets: readonly string[] }[] }[];
      remote_write: readonly { url: string; basic_auth: object }[];
    };
    expect(scrape_configs[0]?.static_configs[0]?.targets).toEqual(['demo:9100']);
    expect(remote_write).toMatchObject([
      {
        url: `${String(demo.environment?.['GATEWAY_URL'])}/storage/api/v2/write`,
        basic_auth: {
          username_file: `${String(demo.environment?.['DATA_DIR'])}/credentials/username`,
          password_file: `${String(demo.environment?.['DATA_DIR'])}/credentials/password`,
        },
      },
    ]);
    expect(service('demo-prometheus').depends_on?.[demoName]?.condition).toBe('service_healthy');
    expect(service('demo-prometheus').volumes).toContain('demo:/demo:ro');
    expect(demo.volumes).toContain(`demo:${String(demo.environment?.['DATA_DIR'])}`);
  });
});

describe('backups in docker-compose.yml', () => {
  it('lie on a volume of their own, where ClickHouse may write and where the worker runs `operate backup`', () => {
    const [config] = service('clickhouse').configs ?? [];
    expect(config?.target).toMatch(/^\/etc\/clickhouse-server\/config\.d\/\w+\.yaml$/);
    const { backups } = YAML.parse(compose.configs[config?.source ?? '']?.content ?? '') as {
      backups: { allowed_path: string };
    };
    const maker = service('backups').command?.join() ?? '';
    expect(maker).toContain('install -d -o 10001 -g 10001 /backups ');
    expect(maker).toContain(`install -d -o 101 -g 101 ${backups.allowed_path}`);
    expect(path.dirname(backups.allowed_path)).toBe('/backups');
    for (const name of ['clickhouse', 'kubecost-worker']) {
      expect(service(name).volumes).toContain('backups:/backups');
      expect(service(name).depends_on?.['backups']?.condition).toBe('service_completed_successfully');
    }
    for (const command of readText('deploy/docker/README.md').match(/^docker compose .*operate-main.*$/gm) ?? [''])
      expect(command).toMatch(/ kubecost-worker .*dist\/operate-main\.js (backup|restore) --folder \/backups\/\S+$/);
  });
});

describe('docker-compose.yml', () => {
  it('pins every image, starts what others wait for, and mounts what is there', () => {
    for (const { image, depends_on = {}, volumes = [] } of Object.values(compose.services)) {
      expect(image).toMatch(/:(?!latest)[\w.-]+$/);
      for (const name of Object.keys(depends_on)) expect(Object.keys(compose.services)).toContain(name);
      for (const [source = ''] of volumes.map((volume) => volume.split(':'))) {
        if (source.startsWith('.')) expect(existsSync(path.join(root, source))).toBe(true);
        else expect(Object.keys(compose.volumes)).toContain(source);
      }
    }
  });

  it('publishes nothing to other machines unless told', () => {
    const published = Object.values(compose.services).flatMap(({ ports = [] }) => ports);
    expect(published.filter((port) => !/^(127\.0\.0\.1|\$\{BIND_ADDRESS:-127\.0\.0\.1\}):\d+:\d+$/.test(port))).toEqual(
      [],
    );
    expect(published.length).toBeGreaterThan(2);
  });

  it('watches the admin port of every service, by a configuration that Prometheus takes', async () => {
    const text = readText('deploy/docker/prometheus.yml');
    for (const name of serviceNames) {
      const port = variables[name].find((entry) => entry.name === 'ADMIN_PORT')?.default;
      expect(text).toContain(`'${name}:${port ?? ''}'`);
    }
    const file = path.join(temporary, 'prometheus.yml');
    writeFileSync(file, text.replace('/etc/prometheus/alerts', path.join(root, 'helm/cloudtuner/files/alerts')));
    expect(failureOf(await promtool('check', 'config', file))).toBe('');
  });
});
