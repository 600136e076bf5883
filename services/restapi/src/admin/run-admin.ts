import { createRestapiClient, RestapiError } from '@cloudtuner/restapi-client';
import {
  defineConfig,
  env,
  runCommandLine,
  UsageError,
  type CommandLine,
  type Terminal,
} from '@cloudtuner/service-kit';
import { commands, type Command } from './commands';

const adminConfig = defineConfig({
  RESTAPI_URL: env.url('Where restapi is.', { default: 'http://127.0.0.1:8999' }),
  RESTAPI_TOKEN: env.optionalSecret('Token of somebody who may do it in the organization.'),
  CLUSTER_SECRET: env.optionalSecret('Creates organizations and sets write limits.'),
});

function usage(): string {
  const lines = Object.entries(commands).map(([name, { required, optional, summary }]) => {
    const options = [...required.map((option) => `--${option} …`), ...optional.map((option) => `[--${option} …]`)];
    return `  ${[name, ...options].join(' ')}\n      ${summary}`;
  });
  return `npm run admin -- <command>\n\n${lines.join('\n')}\n\nRESTAPI_URL, RESTAPI_TOKEN and CLUSTER_SECRET come from the environment, secrets also from <NAME>_FILE.\n`;
}

function explain(error: unknown): string {
  if (!(error instanceof RestapiError)) return error instanceof Error ? error.message : String(error);
  const about = [error.code, error.requestId === undefined ? '' : `request ${error.requestId}`].filter(Boolean);
  return `${error.message} (${about.join(', ')})`;
}

/** Runs one command of an organization's administrator; answers the exit code. */
export function runAdmin(terminal: Terminal): Promise<number> {
  const line: CommandLine<Command> = {
    commands,
    usage,
    optionsOf: ({ required, optional }) => [...required, ...optional],
    run(command, options, name) {
      const missing = command.required.filter((option) => options[option] === undefined);
      if (missing.length > 0)
        throw new UsageError(`${name} needs ${missing.map((option) => `--${option}`).join(', ')}`);
      const {
        RESTAPI_URL: baseUrl,
        RESTAPI_TOKEN: token,
        CLUSTER_SECRET: secret,
      } = adminConfig.parse(terminal.environment);
      const api = createRestapiClient({ baseUrl, token: () => token, ...(secret === undefined ? {} : { secret }) });
      return command.run(api, options);
    },
    explain,
  };
  return runCommandLine(line, terminal);
}
