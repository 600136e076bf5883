import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { SampleClusterOptions } from './sample-cluster';

const wholeNumber = z.string().regex(/^\d+$/, 'a whole number').transform(Number);

const commandLineSchema = z.object({
  profile: z.enum(['shop', 'research']),
  seed: wholeNumber,
  name: z.string().min(1).optional(),
  'cluster-id': z.string().min(1).optional(),
  'start-ms': wholeNumber.optional(),
  host: z.string().min(1),
  port: wholeNumber.pipe(z.number().max(65_535)),
  'exit-with-parent': z.boolean().default(false),
});

/** What the exporter's process was asked to do. */
export interface CommandLine {
  readonly cluster: SampleClusterOptions;
  readonly host: string;
  readonly port: number;
  readonly exitWithParent: boolean;
}

/** Where it listens when the arguments do not say. */
export interface ListenDefaults {
  readonly HOST?: string | undefined;
  readonly PORT?: string | undefined;
}

const usage =
  'Usage: main.js --profile shop|research [--seed 1] [--name NAME] [--cluster-id ID] [--start-ms MS] ' +
  '[--host 127.0.0.1] [--port 0] [--exit-with-parent]';

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error);
  return error instanceof Error ? error.message : String(error);
}

/**
 * Reads the arguments after the script's name. Name and cluster id default to the profile's name, host and port to
 * HOST and PORT of the environment.
 *
 * @throws Error with the usage when an argument is unknown, missing or not in its form.
 */
export function parseCommandLine(args: readonly string[], listen: ListenDefaults = {}): CommandLine {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        profile: { type: 'string' },
        seed: { type: 'string', default: '1' },
        name: { type: 'string' },
        'cluster-id': { type: 'string' },
        'start-ms': { type: 'string' },
        host: { type: 'string', default: listen.HOST ?? '127.0.0.1' },
        port: { type: 'string', default: listen.PORT ?? '0' },
        'exit-with-parent': { type: 'boolean' },
      },
    });
    const parsed = commandLineSchema.parse(values);
    const { profile, seed, name = profile, 'cluster-id': clusterId = profile, 'start-ms': startMs } = parsed;
    return {
      cluster: { profile, seed, name, clusterId, ...(startMs === undefined ? {} : { startMs }) },
      host: parsed.host,
      port: parsed.port,
      exitWithParent: parsed['exit-with-parent'],
    };
  } catch (error) {
    throw new Error(`${reasonOf(error)}\n${usage}`, { cause: error });
  }
}
