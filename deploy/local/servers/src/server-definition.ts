import type { ContainerNetwork } from './docker';
import type { StartOptions } from './local-server';
import type { Program } from './servers-file';

/** A Node script of ours, run by the Node that runs this. */
interface NodeProgram {
  readonly kind: 'node';
  readonly script: string;
}

export type Ports<P extends string> = Readonly<Record<P, number>>;

/** What the arguments of a server depend on. */
export interface Launch<P extends string> {
  readonly ports: Ports<P>;
  readonly dataDir: string;
  /** Where to listen: 127.0.0.1, but for a container with a network of its own. */
  readonly listenHost: string;
}

/** How one kind of server is started and asked whether it is ready. `P` names its ports. */
export interface ServerDefinition<P extends string> {
  readonly name: string;
  readonly program: Program | NodeProgram;
  /** 0 = a free one. */
  readonly ports: Ports<P>;
  /** The one that the handle calls its `port`. */
  readonly mainPort: P;
  /** The command inside the image, where its entry point is not the server itself. */
  readonly imageCommand?: readonly string[];
  /** Default: its ports are published on 127.0.0.1. */
  readonly network?: ContainerNetwork;
  /** Merged over PATH and HOME. */
  readonly envOf?: (ports: Ports<P>) => Readonly<Record<string, string>>;
  readonly args: (launch: Launch<P>) => readonly string[];
  readonly url: (ports: Ports<P>) => string;
  /** Whether it answers; a throw counts as "not yet". */
  readonly isReady: (launch: Launch<P>) => Promise<boolean> | boolean;
  /** Called for each line of its log. */
  readonly onLine?: (line: string) => void;
  readonly options: StartOptions;
}
