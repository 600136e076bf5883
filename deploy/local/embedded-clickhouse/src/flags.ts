import { parseArgs } from 'node:util';

/** What the command line says. */
export interface Flags {
  readonly path: string;
  readonly host: string;
  readonly port: number;
  readonly exitWithParent: boolean;
  readonly maxServerMemoryMib: number;
  readonly maxQueryMemoryMib: number;
  readonly maxConcurrentQueries: number;
  readonly shutdownDeadlineSeconds: number;
  /** Where `BACKUP … TO File(…)` may write and `RESTORE … FROM File(…)` may read; undefined: nowhere. */
  readonly backupsFolder: string | undefined;
}

/** How the command is to be used. */
export const usage = `Usage: main.js --path DIR [--port N] [--host ADDRESS] [options]
  --path DIR                       data folder, made when it is not there
  --port N                         port to listen on; 0, the default, takes a free one
  --host ADDRESS                   address to listen on (127.0.0.1)
  --exit-with-parent               end when the parent process ends or standard input, if a pipe, is closed
  --max-server-memory-mib N        memory of the whole engine (1536)
  --max-query-memory-mib N         memory of one query (1024)
  --max-concurrent-queries N       queries that run at the same time (8)
  --shutdown-deadline-seconds N    how long running queries may take to end after SIGTERM (10)
  --backups-folder DIR             where BACKUP and RESTORE find File('name') (nowhere)
CLICKHOUSE_USER and CLICKHOUSE_PASSWORD name who may use it (user "default" without a password).`;

function wholeNumber(name: string, text: string, range: { min: number; max: number }): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= range.min && number <= range.max) return number;
  throw new Error(`--${name} must be a whole number from ${String(range.min)} to ${String(range.max)}, not "${text}"`);
}

/**
 * Reads the command line.
 *
 * @param args - arguments after the script's name
 * @throws with a sentence that names the flag
 */
export function parseFlags(args: readonly string[]): Flags {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      path: { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '0' },
      'exit-with-parent': { type: 'boolean', default: false },
      'max-server-memory-mib': { type: 'string', default: '1536' },
      'max-query-memory-mib': { type: 'string', default: '1024' },
      'max-concurrent-queries': { type: 'string', default: '8' },
      'shutdown-deadline-seconds': { type: 'string', default: '10' },
      'backups-folder': { type: 'string' },
    },
  });
  const { path } = values;
  if (path === undefined || path === '') throw new Error('--path DIR is needed');
  // The engine takes them for patterns where it reads files.
  if (/[*?{}[\]]/.test(path)) throw new Error(`--path must not contain any of * ? { } [ ]: "${path}"`);
  return {
    path,
    host: values.host,
    port: wholeNumber('port', values.port, { min: 0, max: 65_535 }),
    exitWithParent: values['exit-with-parent'],
    maxServerMemoryMib: wholeNumber('max-server-memory-mib', values['max-server-memory-mib'], {
      min: 512,
      max: 1_048_576,
    }),
    maxQueryMemoryMib: wholeNumber('max-query-memory-mib', values['max-query-memory-mib'], { min: 64, max: 1_048_576 }),
    maxConcurrentQueries: wholeNumber('max-concurrent-queries', values['max-concurrent-queries'], { min: 1, max: 256 }),
    shutdownDeadlineSeconds: wholeNumber('shutdown-deadline-seconds', values['shutdown-deadline-seconds'], {
      min: 0,
      max: 3600,
    }),
    backupsFolder: values['backups-folder'],
  };
}
