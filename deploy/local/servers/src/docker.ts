import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { thisProcess } from './this-process';

const run = promisify(execFile);

/** How a container reaches the network. */
export type ContainerNetwork =
  /** Its ports are published on 127.0.0.1. */
  | { readonly kind: 'published'; readonly ports: readonly number[] }
  /** It calls servers of this machine: their addresses must mean the same inside. */
  | { readonly kind: 'host' }
  /** It shares the network of another container. */
  | { readonly kind: 'container'; readonly name: string };

export interface ContainerOptions {
  readonly name: string;
  readonly image: string;
  readonly network: ContainerNetwork;
  /** Mounted under the same path. */
  readonly dataDir: string;
  readonly command: readonly string[];
}

/** A name for a container that nobody else uses. */
export function containerName(server: string): string {
  return `cloudtuner-${server}-${randomBytes(4).toString('hex')}`;
}

/** The arguments of `docker` that run a container in the foreground and remove it at its end. */
export function containerArguments({ name, image, network, dataDir, command }: ContainerOptions): string[] {
  const uid = thisProcess.user();
  const user = uid === undefined ? [] : ['--user', uid];
  return [
    'run',
    '--rm',
    '--name',
    name,
    ...user,
    '-v',
    `${dataDir}:${dataDir}`,
    ...networkArguments(network),
    image,
    ...command,
  ];
}

function networkArguments(network: ContainerNetwork): string[] {
  switch (network.kind) {
    case 'published':
      return network.ports.flatMap((port) => ['-p', `127.0.0.1:${port}:${port}`]);
    case 'host':
      return ['--network', 'host'];
    case 'container':
      return ['--network', `container:${network.name}`];
  }
}

/** The address on which a server inside a container listens. */
export function containerListenHost(network: ContainerNetwork): string {
  return network.kind === 'host' ? '127.0.0.1' : '0.0.0.0';
}

/** `docker kill|pause|unpause` of a container; answers whether that was possible. */
export async function controlContainer(action: 'kill' | 'pause' | 'unpause', name: string): Promise<boolean> {
  return run('docker', [action, name]).then(
    () => true,
    () => false,
  );
}
