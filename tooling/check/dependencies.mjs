/**
 * The layer rules of .dependency-cruiser.cjs, and proof that they were applied to something: a graph that lost its modules or
 * its edges between packages breaks no rule either.
 */
import { cruise } from 'dependency-cruiser';
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import { filesBelow, finish, readText, root } from './workspace-files.mjs';

const folders = ['libs', 'services', 'deploy', 'bench'].filter((folder) => filesBelow(folder).length > 0);
const packageOf = (file) => /^(libs\/[^/]+|services\/[^/]+|deploy\/local\/[^/]+|deploy\/e2e)\//.exec(file)?.[1];

/** The sources that a rule could apply to and that the graph does not have. */
function lostModules(sources, modules) {
  const known = new Set(modules.map(({ source }) => source));
  if (sources.length === 0) return ['the workspace has no sources: there is nothing to check'];
  return sources
    .filter((file) => !known.has(file))
    .map((file) => `${file} is not in the graph: no rule was applied to it`);
}

/** The files that import a package of ours in their text, but not in the graph. */
function lostEdges(modules) {
  const importers = modules.filter(({ source }) => packageOf(source) !== undefined && source.endsWith('.ts'));
  const crossesOver = ({ source, dependencies }) =>
    dependencies.some(({ resolved }) => {
      const target = packageOf(resolved);
      return target !== undefined && target !== packageOf(source) && !resolved.includes('/dist/');
    });
  if (!importers.some(crossesOver))
    return ['the graph has no edge between two packages: it is not the graph of this workspace'];
  return importers
    .filter((module) => !crossesOver(module) && !module.dependencies.some(({ couldNotResolve }) => couldNotResolve))
    .filter(({ source }) => /^(import|export) .*from '@cloudtuner\//m.test(readText(source)))
    .map(({ source }) => `${source} imports another package, but the graph does not have that edge`);
}

/** @param {import('dependency-cruiser').IViolation} violation */
function describe({ type, rule, from, to, cycle }) {
  if (type === 'module') return `${rule.name}: ${from}`;
  return `${rule.name}: ${from} → ${cycle?.map(({ name }) => name).join(' → ') ?? to}`;
}

const options = await extractOptions(`${root}/.dependency-cruiser.cjs`);
const sources = folders.flatMap(filesBelow).filter((file) => /\/src\/.*\.ts$/.test(file));
const { output } = await cruise(folders, { ...options, baseDir: root });
if (typeof output === 'string') throw new Error('dependency-cruiser gave a report instead of its graph');
const { violations } = output.summary;
const broken = new Set(violations.map(({ rule }) => rule.name));
const reasons = (options.ruleSet?.forbidden ?? [])
  .filter(({ name }) => name !== undefined && broken.has(name))
  .map(({ name, comment }) => `(${name}: ${comment})`);

finish([
  ...violations.map(describe).sort(),
  ...reasons,
  ...lostModules(sources, output.modules),
  ...lostEdges(output.modules),
]);
