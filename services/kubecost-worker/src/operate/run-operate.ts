import { parseArgs } from 'node:util';
import { isAppError } from '@cloudtuner/errors';
import { ConfigError } from '@cloudtuner/service-kit';
import { z } from 'zod';
import { backUp, restore } from './backup';
import { eraseTenant } from './erase';
import { openStores, operateConfig, type Stores } from './stores';

/** Where a command line comes from and where its answer goes. */
export interface OperateTerminal {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  fail(text: string): void;
}

interface Command {
  readonly usage: string;
  readonly summary: string;
  run(stores: Stores, options: Readonly<Record<string, string>>): Promise<unknown>;
}

/** A command line that cannot be understood. */
class UsageError extends Error {}

// sysexits.h: EX_USAGE, EX_CONFIG
const usageExitCode = 64;
const configurationExitCode = 78;

/** The gateways' longest use of an account that they know. */
const defaultSettleSeconds = 60;

const folderOptions = z.strictObject({ folder: z.string().min(1) });
const erasureOptions = z.strictObject({
  organization: z.uuid(),
  account: z.uuid().optional(),
  audit: z.enum(['erase', 'keep']).default('erase'),
  'settle-seconds': z.coerce.number().int().min(0).max(86_400).default(defaultSettleSeconds),
});

function parseOptions<T>(form: z.ZodType<T>, options: unknown): T {
  const parsed = form.safeParse(options);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`);
  throw new UsageError(wrong.join('\n'));
}

function erase(stores: Stores, options: Readonly<Record<string, string>>, oneAccount: boolean): Promise<unknown> {
  const parsed = parseOptions(erasureOptions, options);
  if (oneAccount !== (parsed.account !== undefined)) {
    throw new UsageError(oneAccount ? 'delete-account needs --account' : 'delete-organization takes no --account');
  }
  return eraseTenant(stores, {
    organizationId: parsed.organization,
    cloudAccountId: parsed.account ?? null,
    withAudit: parsed.audit === 'erase',
    settleSeconds: parsed['settle-seconds'],
  });
}

const commands: Readonly<Record<string, Command>> = {
  backup: {
    usage: '--folder …',
    summary: 'Backs up MongoDB into a folder, and ClickHouse to where BACKUP_CLICKHOUSE_TO says',
    run: (stores, options) => backUp(stores, parseOptions(folderOptions, options).folder, () => new Date()),
  },
  restore: {
    usage: '--folder …',
    summary: 'Restores a backup into empty stores',
    run: (stores, options) => restore(stores, parseOptions(folderOptions, options).folder),
  },
  'delete-account': {
    usage: '--organization … --account … [--audit keep] [--settle-seconds …]',
    summary: 'Removes a cloud account and everything that was computed for it, for good',
    run: (stores, options) => erase(stores, options, true),
  },
  'delete-organization': {
    usage: '--organization … [--audit keep] [--settle-seconds …]',
    summary: 'Removes an organization, its people who belong to no other, and all its accounts, for good',
    run: (stores, options) => erase(stores, options, false),
  },
};

function usage(): string {
  const lines = Object.entries(commands).map(
    ([name, { usage: options, summary }]) => `  ${name} ${options}\n      ${summary}`,
  );
  return `npm run operate -- <command>\n\n${lines.join('\n')}\n\nThe environment is that of kubecost-worker.\n`;
}

function optionsOf(args: readonly string[]): Readonly<Record<string, string>> {
  const names = ['folder', 'organization', 'account', 'audit', 'settle-seconds'];
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

async function run({ args, environment }: OperateTerminal): Promise<string> {
  const [name = '', ...rest] = args;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new UsageError(name === '' ? 'no command' : `there is no command "${name}"`);
  const options = optionsOf(rest);
  const stores = openStores(operateConfig.parse(environment));
  try {
    return JSON.stringify(await command.run(stores, options), undefined, 2);
  } finally {
    await stores.close();
  }
}

/** Runs one command; answers the exit code: 0, 1 when it did not go well, 64 for a command line that is none, 78 for the environment. */
export async function runOperate(terminal: OperateTerminal): Promise<number> {
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
      return configurationExitCode;
    }
    const cause = isAppError(error) && error.cause instanceof Error ? `\n${error.cause.message}` : '';
    const code = isAppError(error) ? ` (${error.code})` : '';
    terminal.fail(`${error instanceof Error ? error.message : String(error)}${code}${cause}\n`);
    return 1;
  }
}
