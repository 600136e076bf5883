import { parseArgs } from 'node:util';
import { createRestapiClient, RestapiError } from '@cloudtuner/restapi-client';
import { ConfigError, defineConfig, env } from '@cloudtuner/service-kit';
import { commands, type Options } from './commands';

/** Where a command line comes from and where its answer goes. */
export interface AdminTerminal {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  fail(text: string): void;
}

const adminConfig = defineConfig({
  RESTAPI_URL: env.url('Where restapi is.', { default: 'http://127.0.0.1:8999' }),
  RESTAPI_TOKEN: env.optionalSecret('Token of somebody who may do it in the organization.'),
  CLUSTER_SECRET: env.optionalSecret('Creates organizations and sets write limits.'),
});

// sysexits.h: EX_USAGE
const usageExitCode = 64;

/** A command line that cannot be understood. */
class UsageError extends Error {}

function usage(): string {
  const lines = Object.entries(commands).map(([name, { required, optional, summary }]) => {
    const options = [...required.map((option) => `--${option} …`), ...optional.map((option) => `[--${option} …]`)];
    return `  ${[name, ...options].join(' ')}\n      ${summary}`;
  });
  return `npm run admin -- <command>\n\n${lines.join('\n')}\n\nRESTAPI_URL, RESTAPI_TOKEN and CLUSTER_SECRET come from the environment, secrets also from <NAME>_FILE.\n`;
}

function parseOptions(args: readonly string[], names: readonly string[]): Options {
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true, allowPositionals: false });
    return Object.fromEntries(
      Object.entries(values).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])),
    );
  } catch (error) {
    throw new UsageError(String(Reflect.get(Object(error), 'message')), { cause: error });
  }
}

async function run({ args, environment }: AdminTerminal): Promise<string> {
  const [name = '', ...rest] = args;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new UsageError(name === '' ? 'no command' : `there is no command "${name}"`);
  const options = parseOptions(rest, [...command.required, ...command.optional]);
  const missing = command.required.filter((option) => options[option] === undefined);
  if (missing.length > 0) throw new UsageError(`${name} needs ${missing.map((option) => `--${option}`).join(', ')}`);
  const { RESTAPI_URL: baseUrl, RESTAPI_TOKEN: token, CLUSTER_SECRET: secret } = adminConfig.parse(environment);
  const api = createRestapiClient({ baseUrl, token: () => token, ...(secret === undefined ? {} : { secret }) });
  return JSON.stringify(await command.run(api, options), undefined, 2);
}

/** Runs one command; answers the exit code: 0, 1 when it did not go well, 64 for a command line that is none, 78 for the environment. */
export async function runAdmin(terminal: AdminTerminal): Promise<number> {
  try {
    terminal.out(`${await run(terminal)}\n`);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.fail(`${error.message}\n\n${usage()}`);
      return usageExitCode;
    }
    if (error instanceof ConfigError) {
      terminal.fail(`${error.message}\n`);
      return 78;
    }
    if (error instanceof RestapiError) {
      const about = [error.code, error.requestId === undefined ? '' : `request ${error.requestId}`].filter(Boolean);
      terminal.fail(`${error.message} (${about.join(', ')})\n`);
      return 1;
    }
    terminal.fail(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
