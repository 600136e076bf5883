import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { compareVersions, findOnPath } from './path-binary.mjs';
import { spell, withProgress } from './progress.mjs';
import { lastLines, runCommand } from './run-command.mjs';

/** From this version on `go` fetches the toolchain that a go.mod asks for. */
const OLDEST_GO = '1.21';

/**
 * A tool built from the Go module in `deploy/local/tools/<name>`, once: the binary lies in `.local/bin` under a name that
 * changes whenever the module, its sums, its sources or the build flags do.
 *
 * Answers `{ path, env, version, from }`, or `{ failed: reason }`.
 */
export async function fromGoModule(tool, { rootDir, localDir, env, report }) {
  const { sourceDir, version, path } = locate(tool, { rootDir, localDir });
  if (existsSync(path)) return { path, env: {}, version, from: 'go' };

  mkdirSync(join(localDir, 'bin'), { recursive: true });
  const built = await build(tool, { sourceDir, output: `${path}.part`, version, env, report });
  if (built.failed) return built;
  renameSync(`${path}.part`, path);
  return { path, env: {}, version, from: 'go' };
}

/** Whether the tool is there already, without building it. */
export function builtGoModule(tool, { rootDir, localDir }) {
  const { version, path } = locate(tool, { rootDir, localDir });
  return existsSync(path) ? { path, env: {}, version, from: 'go' } : { failed: 'not built yet' };
}

/** Where a tool's sources are and where its binary belongs. */
export function locate(tool, { rootDir, localDir }) {
  const sourceDir = join(rootDir, 'deploy/local/tools', tool.module);
  const version = moduleVersion(sourceDir, tool.requires);
  return { sourceDir, version, path: join(localDir, 'bin', `${tool.module}-${version}-${buildKey(sourceDir, tool)}`) };
}

function moduleVersion(sourceDir, requires) {
  const goMod = readFileSync(join(sourceDir, 'go.mod'), 'utf8');
  const line = goMod.split('\n').find((text) =>
    text
      .trim()
      .replace(/^require /, '')
      .startsWith(`${requires} v`),
  );
  if (!line) throw new Error(`${sourceDir}/go.mod does not require ${requires}`);
  return line
    .trim()
    .replace(/^require /, '')
    .split(' ')[1];
}

function buildKey(sourceDir, tool) {
  const hash = createHash('sha256').update(
    JSON.stringify([tool.target, tool.tags ?? '', process.platform, process.arch]),
  );
  const files = readdirSync(sourceDir).filter((file) => /\.go$|^go\.(mod|sum)$/.test(file));
  for (const file of files.sort()) hash.update(file).update(readFileSync(join(sourceDir, file)));
  return hash.digest('hex').slice(0, 10);
}

/** The Go on PATH, when it is new enough: `{ version }`, or `{ failed: reason }`. */
export async function usableGo(env) {
  if (!findOnPath('go', env)) return { failed: 'no go on PATH' };
  const result = await runCommand('go', ['env', 'GOVERSION'], { env, timeoutMs: 30_000 });
  const version = /go(\d+\.\d+(?:\.\d+)?)/.exec(result.stdout)?.[1];
  if (!version) return { failed: `go tells no version: ${lastLines(result, 2)}` };
  if (compareVersions(version, OLDEST_GO) < 0) return { failed: `go is ${version}, ${OLDEST_GO} or later is needed` };
  return { version };
}

async function build(tool, { sourceDir, output, version, env, report }) {
  const startedMs = Date.now();
  let compiled = 0;
  let downloaded = 0;
  const count = (line) => {
    if (line.startsWith('go: downloading')) downloaded += 1;
    else if (/^[\w.-]+(\/[\w.-]+)*$/.test(line)) compiled += 1;
  };
  const say = (elapsed) =>
    `${tool.name}: building, ${elapsed} so far, ${
      compiled > 0 ? `${compiled} packages compiled` : `${downloaded} modules downloaded`
    }`;
  const tags = tool.tags ? ['-tags', tool.tags] : [];
  const args = ['build', '-v', '-mod=readonly', '-trimpath', '-buildvcs=false', ...tags, '-o', output, tool.target];
  const buildEnv = { ...env, GOWORK: 'off', GOFLAGS: '' };
  report(`${tool.name}: building ${tool.requires} ${version}, usually ${tool.usually} on 2 cores, once`);
  const result = await withProgress(report, say, () =>
    runCommand('go', args, { cwd: sourceDir, env: buildEnv, onLine: count }),
  );
  if (result.code !== 0) {
    rmSync(output, { force: true });
    return { failed: `go build: ${lastLines(result)}` };
  }
  report(`${tool.name}: built in ${spell(Date.now() - startedMs)}`);
  return {};
}
