import { exampleNames, render } from './helm';
import { containerOf, find, type Container, type KubernetesObject } from './kubernetes-objects';
import { type ServiceName, failureOf, readText, readVariables, run, serviceNames } from './workspace';

jest.setTimeout(60_000);

const variables = readVariables();
const examples = new Map<string, readonly KubernetesObject[]>();

beforeAll(async () => {
  for (const name of exampleNames('cloudtuner')) examples.set(name, await render('cloudtuner', { example: name }));
});

/** What a container is given: its ConfigMaps' data, then its own variables; a secret is `undefined`. */
function environmentOf(objects: readonly KubernetesObject[], container: Container): Map<string, string | undefined> {
  const environment = new Map<string, string | undefined>();
  for (const { configMapRef } of container.envFrom ?? []) {
    const data = find(objects, 'ConfigMap', configMapRef?.name ?? '').data ?? {};
    for (const [name, value] of Object.entries(data)) environment.set(name, value);
  }
  for (const { name, value } of container.env ?? []) environment.set(name, value);
  return environment;
}

const deployed = (example: string, service: ServiceName): Map<string, string | undefined> => {
  const objects = examples.get(example) ?? [];
  return environmentOf(objects, containerOf(find(objects, 'Deployment', service)));
};

/** The variables that may be set by `services.<name>.env`. */
function settable(service: ServiceName): readonly string[] {
  const { $defs } = JSON.parse(readText('helm/cloudtuner/values.schema.json')) as {
    $defs: Record<string, { properties?: object } | undefined>;
  };
  return Object.keys($defs[`${service}-environment`]?.properties ?? {});
}

describe.each(serviceNames)('the environment of %s', (service) => {
  const known = variables[service].map(({ name }) => name);
  const inTemplates = (): readonly string[] => {
    const all = [...examples.keys()].flatMap((example) => [...deployed(example, service).keys()]);
    return [...new Set(all)].filter((name) => !settable(service).includes(name));
  };

  it('has no variable that the service does not read', () => {
    expect([...inTemplates(), ...settable(service)].filter((name) => !known.includes(name))).toEqual([]);
  });

  it('has every variable that the service reads: set by the templates, or free to set in `env`', () => {
    expect([...inTemplates(), ...settable(service)].sort()).toEqual([...known].sort());
  });

  it('takes every secret from a Secret', () => {
    const secrets = variables[service].filter(({ name, secret }) => secret || /^(MONGODB|REDIS)_URL$/.test(name));
    expect(secrets.length).toBeGreaterThan(0);
    for (const { name } of secrets) {
      const environment = deployed('production', service);
      expect([name, environment.has(name), environment.get(name)]).toEqual([name, true, undefined]);
    }
  });

  it('is one that the service starts with, in every example', async () => {
    const secrets: Record<string, string> = {
      CLUSTER_SECRET: 'a-secret-of-enough-characters',
      MONGODB_URL: 'mongodb://mongodb/cloudtuner',
      REDIS_URL: 'redis://redis',
    };
    const environments = [...examples.keys()].map((example) =>
      Object.fromEntries([...deployed(example, service)].map(([name, value]) => [name, value ?? secrets[name] ?? ''])),
    );
    const script = `const { config } = require('./services/${service}/dist/config.js');
      for (const environment of JSON.parse(process.argv[1])) config.parse(environment);`;
    expect(failureOf(await run(process.execPath, ['-e', script, JSON.stringify(environments)]))).toBe('');
  });
});

describe('the hook Job of the migrations', () => {
  const job = (example: string): KubernetesObject => find(examples.get(example) ?? [], 'Job', 'clickhouse-migrations');

  it('has the environment and the image of the worker, which then does not migrate', () => {
    const objects = examples.get('production') ?? [];
    const container = containerOf(job('production'));
    expect(environmentOf(objects, container)).toEqual(deployed('production', 'kubecost-worker'));
    expect(container.image).toBe(containerOf(find(objects, 'Deployment', 'kubecost-worker')).image);
    expect(container.args).toEqual(['dist/migrate-main.js']);
    expect(deployed('production', 'kubecost-worker').get('CLICKHOUSE_MIGRATE_ON_START')).toBe('false');
  });

  it('runs after an install and before an upgrade; without it the worker migrates', () => {
    expect(job('one-node').metadata.annotations).toMatchObject({ 'helm.sh/hook': 'post-install,pre-upgrade' });
    expect(() => job('external-stores')).toThrow('there is no Job');
    expect(deployed('external-stores', 'kubecost-worker').get('CLICKHOUSE_MIGRATE_ON_START')).toBe('true');
  });
});
