import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Platform } from './platform';

const program = path.resolve(__dirname, '../../../services/kubecost-worker/dist/operate-main.js');

/** A run of `npm run operate -- …`. */
export interface OperateRun {
  readonly exitCode: number | null;
  readonly failure: string;
  readonly answer: Readonly<Record<string, unknown>>;
}

/** A run that has begun, and can be killed. */
export interface StartedRun {
  readonly ended: Promise<OperateRun>;
  kill(): Promise<void>;
}

/** Starts a command with the worker's environment. */
export function startOperate(
  { servers }: Platform,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): StartedRun {
  const { redis, mongodb, clickhouse } = servers;
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      REDIS_URL: redis.url,
      MONGODB_URL: mongodb.url,
      MONGODB_DATABASE: 'cloudtuner',
      CLICKHOUSE_URL: clickhouse.url,
      CLICKHOUSE_USERNAME: clickhouse.username,
      CLICKHOUSE_PASSWORD: clickhouse.password,
      ...env,
    },
  });
  let [out, failure] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (failure += chunk.toString()));
  const ended = once(child, 'close').then(() => ({
    exitCode: child.exitCode,
    failure,
    answer: (out === '' ? {} : JSON.parse(out)) as Record<string, unknown>,
  }));
  return {
    ended,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Runs a command to its end. */
export const operate = (platform: Platform, ...args: string[]): Promise<OperateRun> =>
  startOperate(platform, args).ended;

/** A ClickHouse that never answers one statement. */
export interface HoldingClickhouse {
  readonly url: string;
  /** Resolves when the statement has come. */
  readonly held: Promise<void>;
  stop(): void;
}

/** Stands before ClickHouse and passes everything on, up to the statement that is meant. */
export async function holdStatement(clickhouseUrl: string, meant: RegExp): Promise<HoldingClickhouse> {
  let hold = (): void => undefined;
  const held = new Promise<void>((resolve) => (hold = resolve));
  const server = createServer((incoming, answer) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      if (meant.test(body.toString())) {
        hold();
        return;
      }
      const { method, headers } = incoming;
      const onward = request(new URL(incoming.url ?? '/', clickhouseUrl), { method, headers }, (from) => {
        answer.writeHead(from.statusCode ?? 502, from.headers);
        from.pipe(answer);
      });
      onward.on('error', () => answer.destroy());
      onward.end(body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    held,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
