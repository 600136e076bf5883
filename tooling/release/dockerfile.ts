import { readText } from './workspace';

/** One stage of the Dockerfile: its instructions, each on one line. */
export interface Stage {
  readonly name: string;
  readonly base: string;
  readonly instructions: readonly string[];
}

/** The stages of deploy/docker/Dockerfile, in order; lines that are continued are joined, comments are left out. */
export function readStages(): readonly Stage[] {
  const lines = readText('deploy/docker/Dockerfile')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stages: { name: string; base: string; instructions: string[] }[] = [];
  for (const line of lines) {
    const from = /^FROM (\S+) AS (\S+)$/.exec(line);
    if (from !== null) stages.push({ base: from[1] ?? '', name: from[2] ?? '', instructions: [] });
    else stages.at(-1)?.instructions.push(line);
  }
  return stages;
}

/** A stage and those it is built from, the base first. */
export function withBases(stages: readonly Stage[], name: string): readonly string[] {
  const stage = stages.find((candidate) => candidate.name === name);
  return stage === undefined ? [] : [...withBases(stages, stage.base), ...stage.instructions];
}

/** The arguments of the `pnpm … deploy` with which an image gets a service's files, for another target folder. */
export function deployArguments(stages: readonly Stage[], service: string, target: string): readonly string[] {
  const instruction = withBases(stages, `${service}-files`).find((line) => / deploy \/app$/.test(line));
  const command = /pnpm --store-dir=\S+ (.*) \/app$/.exec(instruction ?? '')?.[1];
  if (command === undefined) throw new Error(`no stage deploys ${service}`);
  return [...command.split(' '), target];
}
