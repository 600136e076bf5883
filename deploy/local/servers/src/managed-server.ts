import { prepareDataDir, type DataDir } from './data-dir';
import { containerName, controlContainer } from './docker';
import type { LocalServer } from './local-server';
import { claimPort, freePort } from './ports';
import type { RunningProcess } from './process-runner';
import type { Ports, ServerDefinition } from './server-definition';
import { killRun, ServerStartError, startRun, type RunPlace } from './server-run';
import { hasStopped } from './stopped-threads';
import { waitFor } from './wait-for';

const defaultStopDeadlineMs = 10_000;
/** Between choosing a free port and listening on it somebody else may take it. */
const startAttempts = 3;

/** A handle that also knows all its ports and, with Docker, its container. */
export interface ManagedServer<P extends string> extends LocalServer {
  readonly ports: Ports<P>;
  readonly container: string | undefined;
}

/**
 * Starts a server, waits until it answers, and hands out its controls.
 *
 * @throws Error with its last log lines when it ends before it is ready, or is not ready in time.
 */
export async function startManaged<P extends string>(definition: ServerDefinition<P>): Promise<ManagedServer<P>> {
  const { name, program, options } = definition;
  const data = prepareDataDir(name, options.dataDir);
  const container = program.kind === 'docker' ? containerName(name) : undefined;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const place = { ports: await choosePorts(definition), dataDir: data.path, container };
      return control(definition, { place, data, first: await startRun(definition, place) });
    } catch (error) {
      if (attempt >= startAttempts || !lostItsPort(error)) {
        data.remove();
        throw error;
      }
    }
  }
}

async function choosePorts<P extends string>({ name, ports }: ServerDefinition<P>): Promise<Ports<P>> {
  const chosen: [string, number][] = [];
  for (const [role, port] of Object.entries<number>(ports)) {
    chosen.push([role, port === 0 ? await freePort() : await claimPort(name, port)]);
  }
  return Object.fromEntries(chosen) as Ports<P>;
}

function lostItsPort(error: unknown): boolean {
  return error instanceof ServerStartError && /address already in use|EADDRINUSE/i.test(error.message);
}

interface Controlled<P extends string> {
  readonly place: RunPlace<P>;
  readonly data: DataDir;
  readonly first: RunningProcess;
}

function control<P extends string>(
  definition: ServerDefinition<P>,
  { place, data, first }: Controlled<P>,
): ManagedServer<P> {
  const { ports, container } = place;
  let running = first;

  const resume = async (): Promise<void> => {
    if (container === undefined) running.signal('SIGCONT');
    else await controlContainer('unpause', container);
  };
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (signal === 'SIGKILL') return killRun(running, container);
    // A frozen process acts on a signal only when it runs again.
    await resume();
    running.signal(signal);
    await running.exited;
  };
  const end = async (): Promise<void> => {
    if (running.hasExited()) return;
    const hard = setTimeout(
      () => void killRun(running, container),
      definition.options.stopDeadlineMs ?? defaultStopDeadlineMs,
    );
    await kill('SIGTERM');
    clearTimeout(hard);
  };

  return {
    name: definition.name,
    kind: definition.program.kind,
    url: definition.url(ports),
    port: ports[definition.mainPort],
    ports,
    container,
    dataDir: data.path,
    get pid() {
      return running.pid;
    },
    get exited() {
      return running.exited;
    },
    lastLines: (count) => running.lastLines(count),
    async stop() {
      await end();
      data.remove();
    },
    kill,
    async pause() {
      if (container !== undefined) {
        await controlContainer('pause', container);
        return;
      }
      running.signal('SIGSTOP');
      await waitFor(() => hasStopped(running.pid), { what: `${definition.name} to stop`, intervalMs: 1 });
    },
    resume,
    async restart() {
      await end();
      running = await startRun(definition, place);
    },
  };
}
