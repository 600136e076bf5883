import { readStages, withBases } from './dockerfile';
import { demoName, readText, readVariables, imageNames } from './workspace';

const stages = readStages();
const variables = readVariables();
const instructionsOf = (service: string): readonly string[] => withBases(stages, service);
const lastOf = (service: string, keyword: string): string | undefined =>
  instructionsOf(service).findLast((line) => line.startsWith(`${keyword} `));

describe('deploy/docker/Dockerfile', () => {
  it('has one target for each service', () => {
    const targets = stages.filter(({ name }) => stages.every(({ base }) => base !== name)).map(({ name }) => name);
    expect(targets.filter((name) => !name.endsWith('-files')).sort()).toEqual([...imageNames, demoName].sort());
  });

  it('takes one base image, by tag and digest variable, and no `latest`', () => {
    const bases = stages.map(({ base }) => base).filter((base) => !stages.some(({ name }) => name === base));
    expect(bases).toEqual(['${NODE_IMAGE}${NODE_DIGEST:+@}${NODE_DIGEST}']);
    expect(readText('deploy/docker/Dockerfile')).toMatch(/^ARG NODE_IMAGE=docker\.io\/library\/node:\d+-\w+-slim$/m);
    expect(readText('deploy/docker/Dockerfile')).not.toContain('latest');
  });

  it('builds with the pnpm of the workspace', () => {
    const { packageManager } = JSON.parse(readText('package.json')) as { packageManager: string };
    expect(instructionsOf('build')).toContain(`ARG PNPM_VERSION=${packageManager.replace('pnpm@', '')}`);
  });

  it.each(imageNames)(
    '%s runs as a user that is not root, under an init, with a health check and labels',
    (service) => {
      expect(lastOf(service, 'USER')).toMatch(/^USER [1-9]\d*:[1-9]\d*$/);
      expect(lastOf(service, 'ENTRYPOINT')).toBe('ENTRYPOINT ["/usr/bin/tini", "--", "node", "--enable-source-maps"]');
      expect(lastOf(service, 'CMD')).toBe('CMD ["dist/main.js"]');
      expect(lastOf(service, 'HEALTHCHECK')).toMatch(/CMD \["node", "health-check\.mjs"\]$/);
      expect(instructionsOf(service).join('\n')).toContain(`org.opencontainers.image.title="${service}"`);
      expect(instructionsOf(service).join('\n')).toContain('org.opencontainers.image.revision=');
    },
  );

  it.each(imageNames)('%s holds its own files alone, and exposes the ports of its configuration', (service) => {
    const own = stages.find(({ name }) => name === service);
    expect(own?.instructions.filter((line) => line.startsWith('COPY'))).toEqual([
      'COPY deploy/docker/health-check.mjs ./',
      `COPY --from=${service}-files /app ./`,
    ]);
    const ports = ['PORT', 'ADMIN_PORT'].map(
      (name) => variables[service].find((entry) => entry.name === name)?.default,
    );
    expect(lastOf(service, 'EXPOSE')).toBe(`EXPOSE ${ports.filter((port) => port !== undefined).join(' ')}`);
    expect(lastOf(service, 'ENV')).toBe(`ENV ADMIN_PORT=${ports.at(-1) ?? ''}`);
  });

  it('demo runs as a user that is not root, who owns the one folder that it writes to, and is healthy when it can be scraped', () => {
    expect(lastOf(demoName, 'USER')).toBe('USER 10001:10001');
    expect(instructionsOf(demoName)).toContain('RUN install -d -o 10001 -g 10001 /demo');
    expect(lastOf(demoName, 'CMD')).toBe('CMD ["dist/compose-demo-main.js"]');
    expect(lastOf(demoName, 'EXPOSE')).toBe('EXPOSE 9100');
    expect(lastOf(demoName, 'HEALTHCHECK')).toContain('http://127.0.0.1:9100/metrics');
  });
});
