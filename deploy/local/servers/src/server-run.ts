import { join } from 'node:path';
import { containerArguments, containerListenHost, controlContainer } from './docker';
import { runProcess, type RunningProcess } from './process-runner';
import type { Launch, Ports, ServerDefinition } from './server-definition';
import { thisProcess } from './this-process';

const defaultStartDeadlineMs = 60_000;
const readyIntervalMs = 20;
const dockerVariables = ['PATH', 'HOME', 'DOCKER_HOST', 'DOCKER_CONTEXT', 'XDG_RUNTIME_DIR'];

/** What stays the same over all runs of one server. */
export interface RunPlace<P extends string> {
  readonly ports: Ports<P>;
  readonly dataDir: string;
  /** The name of its container, when it runs in one. */
  readonly container: string | undefined;
}

/** A server that did not start, with its last log lines. */
export class ServerStartError extends Error {
  override readonly name = 'ServerStartError';
}

/** Starts the process of a server and waits until it answers. @throws ServerStartError when it does not. */
export async function startRun<P extends string>(
  definition: ServerDefinition<P>,
  place: RunPlace<P>,
): Promise<RunningProcess> {
  const { name, program, onLine } = definition;
  const { ports, dataDir, container } = place;
  const listenHost = program.kind === 'docker' ? containerListenHost(networkOf(definition, ports)) : '127.0.0.1';
  const launch: Launch<P> = { ports, dataDir, listenHost };
  const running = await runProcess({
    name,
    ...commandOf(definition, launch, container),
    env: environmentOf(definition, ports),
    cwd: dataDir,
    logFile: join(dataDir, `${name}.log`),
    ...(onLine ? { onLine } : {}),
  });
  try {
    await untilReady(definition, launch, running);
  } catch (error) {
    await killRun(running, container);
    throw error;
  }
  return running;
}

/** Ends a run hard and waits for its end. */
export async function killRun(running: RunningProcess, container: string | undefined): Promise<void> {
  const killed = container !== undefined && (await controlContainer('kill', container));
  if (!killed) running.signal('SIGKILL');
  await running.exited;
}

function networkOf<P extends string>({ network }: ServerDefinition<P>, ports: Ports<P>) {
  return network ?? { kind: 'published' as const, ports: Object.values<number>(ports) };
}

function commandOf<P extends string>(
  definition: ServerDefinition<P>,
  launch: Launch<P>,
  container = '',
): { command: string; args: string[] } {
  const { program, imageCommand = [] } = definition;
  const own = definition.args(launch);
  switch (program.kind) {
    case 'binary':
      return { command: program.path, args: [...own] };
    case 'node':
      return { command: thisProcess.nodePath, args: [program.script, ...own] };
    case 'docker': {
      const network = networkOf(definition, launch.ports);
      const command = [...imageCommand, ...own];
      const options = { name: container, image: program.image, network, dataDir: launch.dataDir, command };
      return { command: 'docker', args: containerArguments(options) };
    }
  }
}

function environmentOf<P extends string>(definition: ServerDefinition<P>, ports: Ports<P>): NodeJS.ProcessEnv {
  const { program, envOf } = definition;
  if (program.kind === 'docker') return thisProcess.environment(dockerVariables);
  return {
    ...thisProcess.environment(['PATH', 'HOME']),
    ...(program.kind === 'binary' ? program.env : {}),
    ...envOf?.(ports),
  };
}

async function untilReady<P extends string>(
  { name, options, isReady }: ServerDefinition<P>,
  launch: Launch<P>,
  running: RunningProcess,
): Promise<void> {
  const deadlineMs = performance.now() + (options.startDeadlineMs ?? defaultStartDeadlineMs);
  for (;;) {
    const isThere = await Promise.resolve(launch)
      .then(isReady)
      .catch(() => false);
    // In this order: who answers may be another server, when this one died because the port was taken.
    if (running.hasExited()) {
      const { code, signal } = await running.exited;
      throw failedStart(`${name} ended at its start (${signal ?? `exit ${code ?? 'unknown'}`})`, running);
    }
    if (isThere) return;
    if (performance.now() > deadlineMs) throw failedStart(`${name} was not ready in time`, running);
    await new Promise((resolve) => setTimeout(resolve, readyIntervalMs));
  }
}

function failedStart(what: string, running: RunningProcess): ServerStartError {
  return new ServerStartError([`${what}. Its last lines:`, ...running.lastLines()].join('\n  '));
}
