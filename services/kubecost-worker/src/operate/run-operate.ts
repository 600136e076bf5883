import { isAppError } from '@cloudtuner/errors';
import {
  runCommandLine,
  UsageError,
  type CommandLine,
  type CommandOptions,
  type Terminal,
} from '@cloudtuner/service-kit';
import { z } from 'zod';
import { backUp, restore } from './backup';
import { eraseTenant } from './erase';
import { openStores, operateConfig, type Stores } from './stores';

interface Command {
  readonly usage: string;
  readonly summary: string;
  run(stores: Stores, options: CommandOptions): Promise<unknown>;
}

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

function erase(stores: Stores, options: CommandOptions, oneAccount: boolean): Promise<unknown> {
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

const options = ['folder', 'organization', 'account', 'audit', 'settle-seconds'];

function explain(error: unknown): string {
  const cause = isAppError(error) && error.cause instanceof Error ? `\n${error.cause.message}` : '';
  const code = isAppError(error) ? ` (${error.code})` : '';
  return `${error instanceof Error ? error.message : String(error)}${code}${cause}`;
}

/** Runs one command of who operates the platform; answers the exit code. */
export function runOperate(terminal: Terminal): Promise<number> {
  const line: CommandLine<Command> = {
    commands,
    usage,
    optionsOf: () => options,
    async run(command, given) {
      const stores = openStores(operateConfig.parse(terminal.environment));
      try {
        return await command.run(stores, given);
      } finally {
        await stores.close();
      }
    },
    explain,
  };
  return runCommandLine(line, terminal);
}
