#!/usr/bin/env node
import { closeSync, fstatSync, openSync } from 'node:fs';
import { parseFlags, usage, type Flags } from './flags';
import type { EmbeddedClickhouse } from './server';

const MEBIBYTE = 1024 * 1024;
const PARENT_POLL_MS = 500;
const EXIT_USAGE = 64;
// Beside queries, the pool's threads serve files, gzip and the connection that stops queries.
const EXTRA_POOL_THREADS = 6;
const QUEUE_PER_SLOT = 32;
const QUEUE_WAIT_MS = 30_000;

function fail(message: string, exitCode: number): never {
  process.stderr.write(`embedded-clickhouse: ${message}\n`);
  process.exit(exitCode);
}

function readFlags(): Flags {
  try {
    return parseFlags(process.argv.slice(2));
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : String(error)}\n${usage}`, EXIT_USAGE);
  }
}

/** Puts nothing in the place of standard input: parts of the engine would wait for rows there. */
function detachInput(): void {
  closeSync(0);
  // Takes the lowest number that is free, which is 0.
  openSync('/dev/null', 'r');
}

/** Calls back when the parent has gone, which nobody tells a process by itself. */
function watchParent(onGone: () => void): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) onGone();
  }, PARENT_POLL_MS).unref();
  const input = fstatSync(0);
  if (input.isFIFO() || input.isSocket()) process.stdin.once('close', onGone).once('end', onGone).resume();
}

async function start(flags: Flags): Promise<EmbeddedClickhouse> {
  // Both are read when the engine and the thread pool are first used, so before the engine is loaded.
  process.env['UV_THREADPOOL_SIZE'] = String(flags.maxConcurrentQueries + EXTRA_POOL_THREADS);
  process.env['TZ'] = 'UTC';
  const { startEmbeddedClickhouse } = await import('./server.js');
  return startEmbeddedClickhouse({
    path: flags.path,
    host: flags.host,
    port: flags.port,
    credentials: {
      user: process.env['CLICKHOUSE_USER'] ?? 'default',
      password: process.env['CLICKHOUSE_PASSWORD'] ?? '',
    },
    engine: {
      serverMemoryBytes: flags.maxServerMemoryMib * MEBIBYTE,
      queryMemoryBytes: flags.maxQueryMemoryMib * MEBIBYTE,
      backupsFolder: flags.backupsFolder,
    },
    slots: {
      running: flags.maxConcurrentQueries,
      waiting: flags.maxConcurrentQueries * QUEUE_PER_SLOT,
      waitMs: QUEUE_WAIT_MS,
    },
    stopDeadlineMs: flags.shutdownDeadlineSeconds * 1000,
  });
}

async function main(): Promise<void> {
  const flags = readFlags();
  process.stderr.write(
    'embedded-clickhouse: for one machine (demo, tests, small installations); no replication, no cluster\n',
  );
  if (!flags.exitWithParent) detachInput();
  let server: EmbeddedClickhouse;
  try {
    server = await start(flags);
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error), 1);
  }
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    server.stop().then(
      (closed) => {
        if (closed) process.exit(0);
        // Leaving the ordinary way would wait for the query. The folder takes no harm from a kill.
        process.stderr.write('embedded-clickhouse: a query would not stop, ending without closing the folder\n');
        process.kill(process.pid, 'SIGKILL');
      },
      (error: unknown) => fail(error instanceof Error ? error.message : String(error), 1),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (flags.exitWithParent) watchParent(stop);
  process.stdout.write(`${JSON.stringify({ listening: server.port, pid: process.pid })}\n`);
}

void main();
