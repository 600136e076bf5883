import { randomBytes } from 'node:crypto';
import type { RestapiClient } from '@cloudtuner/restapi-client';
import type { CommandOptions } from '@cloudtuner/service-kit';

/** What operators do by hand: one call of the API each. */
export interface Command {
  /** What it does, for the list of commands. */
  readonly summary: string;
  readonly required: readonly string[];
  readonly optional: readonly string[];
  run(api: RestapiClient, options: CommandOptions): Promise<unknown>;
}

const generatedPasswordBytes = 18;

const optional = <K extends string>(options: CommandOptions, name: K): { readonly [P in K]?: string } => {
  const given = options[name];
  return given === undefined ? {} : ({ [name]: given } as { readonly [P in K]?: string });
};

/** Of what was checked before: a required option is there. */
const required = (options: CommandOptions, name: string): string => options[name] ?? '';

const account = (options: CommandOptions) => ({ cloud_account_id: required(options, 'account') });
const organization = (options: CommandOptions) => ({ organization_id: required(options, 'organization') });

/** `2026-01-31` or `2026-01-31T10:00:00Z` in unix seconds. @throws RangeError */
function secondsOfText(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new RangeError(`"${text}" is no date such as 2026-01-31 or 2026-01-31T10:00:00Z`);
  return Math.floor(ms / 1000);
}

/** Every command by its name. */
export const commands: Readonly<Record<string, Command>> = {
  'create-organization': {
    summary: 'Creates an organization with its first owner, and shows the owner’s password, this once',
    required: ['name', 'email'],
    optional: ['currency', 'owner'],
    async run(api, options) {
      const password = randomBytes(generatedPasswordBytes).toString('base64url');
      const email = required(options, 'email');
      const owner = { email, display_name: options['owner'] ?? email, password };
      const body = { name: required(options, 'name'), owner, ...optional(options, 'currency') };
      return { ...(await api.createOrganization({ body })), password };
    },
  },
  'create-account': {
    summary: 'Connects a cluster, and shows its remote_write credentials, this once',
    required: ['organization', 'name'],
    optional: ['region', 'owner'],
    run: (api, options) =>
      api.createCloudAccount({
        params: organization(options),
        body: {
          name: required(options, 'name'),
          type: 'kubernetes_cnr',
          ...optional(options, 'region'),
          ...optional(options, 'owner'),
        },
      }),
  },
  'list-accounts': {
    summary: 'The cloud accounts of an organization',
    required: ['organization'],
    optional: [],
    run: (api, options) => api.listCloudAccounts({ params: organization(options) }),
  },
  'rotate-credentials': {
    summary: 'Issues a new remote_write password, and shows it, this once',
    required: ['account'],
    optional: ['overlap-seconds'],
    run: (api, options) => {
      const overlap = options['overlap-seconds'];
      const body = overlap === undefined ? {} : { overlap_seconds: Number(overlap) };
      return api.rotateCredentials({ params: account(options), body });
    },
  },
  'account-status': {
    summary: 'Whether samples of a cluster arrive, its write credentials and limits',
    required: ['account'],
    optional: [],
    run: (api, options) => api.getCloudAccountStatus({ params: account(options) }),
  },
  'set-write-limits': {
    summary: 'Replaces the limits of an account’s writes by a JSON object, such as {"samples_per_second":5000}',
    required: ['account', 'limits'],
    optional: [],
    run: (api, options) => {
      // The API checks it; here it only has to be JSON.
      const body = JSON.parse(required(options, 'limits')) as Record<string, number>;
      return api.setWriteLimits({ params: account(options), body });
    },
  },
  'start-backfill': {
    summary: 'Computes the hours of a past window again',
    required: ['account', 'from', 'to'],
    optional: [],
    run: (api, options) => {
      const window = {
        start_time: secondsOfText(required(options, 'from')),
        end_time: secondsOfText(required(options, 'to')),
      };
      return api.createBackfill({ params: account(options), body: window });
    },
  },
  'show-queues': {
    summary: 'How many jobs wait, run and have failed in each queue',
    required: [],
    optional: [],
    run: (api) => api.listQueues({}),
  },
  'failed-jobs': {
    summary: 'Jobs of an account that were given up, and why',
    required: ['account'],
    optional: [],
    run: (api, options) => api.listFailedJobs({ params: account(options) }),
  },
  'retry-job': {
    summary: 'Has a failed job run again',
    required: ['account', 'queue', 'job'],
    optional: [],
    async run(api, options) {
      const body = { queue: required(options, 'queue'), job_id: required(options, 'job') };
      await api.retryFailedJob({ params: account(options), body });
      return body;
    },
  },
  'show-backfill': {
    summary: 'How far a backfill is',
    required: ['account', 'backfill'],
    optional: [],
    run: (api, options) =>
      api.getBackfill({ params: { ...account(options), backfill_id: required(options, 'backfill') } }),
  },
};
