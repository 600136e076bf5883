import { priceBookRules, priceBookSchema } from '@cloudtuner/cost-model';
import { z } from 'zod';
import { inCloudAccount, type Operation } from './operation';
import { unixSeconds, uuid } from './scalars';

const maxLabelKeys = 10;
const maxVersion = 1_000_000_000;

const params = z.object({ cloud_account_id: uuid });
const path = '/restapi/v2/cloud_accounts/:cloud_account_id';
const { periods } = priceBookSchema.shape;

const priceBook = z.object({
  cloud_account_id: z.uuid(),
  /** Counts from 1; 0: the account has the prices that its exporter sends. */
  version: z.int().min(0),
  periods,
  created_at: unixSeconds.nullable(),
  /** Id of the user, or of the token of a service. */
  created_by: z.string().nullable(),
});

/** Prices of an account of its own, and what is summed by day for it. */
export const priceBookOperations = {
  getPriceBook: {
    operationId: 'getPriceBook',
    method: 'GET',
    path: `${path}/price_book`,
    summary: 'The prices that stand above or beside those that the cluster sends',
    access: 'cloud-accounts:read',
    scope: inCloudAccount,
    status: 200,
    params,
    query: z.strictObject({}),
    response: priceBook,
  },
  putPriceBook: {
    operationId: 'putPriceBook',
    method: 'PUT',
    path: `${path}/price_book`,
    summary: 'Stores the next version of the price book, and computes the hours again from which on it differs',
    access: 'cloud-accounts:write',
    scope: inCloudAccount,
    status: 200,
    errors: ['account-not-kubernetes', 'price-book-changed', 'queue-unavailable'],
    rules: priceBookRules,
    params,
    body: z.strictObject({
      /** The version that it was made from; 0 for the first. */
      version: z.int().min(0).max(maxVersion),
      periods,
    }),
    response: priceBook.extend({
      /** The job that computes past hours again; null when none of them is touched. */
      backfill_id: z.string().nullable(),
    }),
    example: {
      body: { version: 0, periods: [{ effective_from: 1_772_323_200, nodes: [{ cpu_core_hour_price: 0.028 }] }] },
    },
  },
  setAllocationLabelKeys: {
    operationId: 'setAllocationLabelKeys',
    method: 'PUT',
    path: `${path}/allocation_label_keys`,
    summary: 'Which labels are summed by day, so that long windows by them are fast; any other can be asked for, too',
    access: 'cloud-accounts:write',
    scope: inCloudAccount,
    status: 200,
    errors: ['account-not-kubernetes'],
    params,
    body: z.strictObject({ keys: z.array(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,127}$/)).max(maxLabelKeys) }),
    response: z.object({ cloud_account_id: z.uuid(), keys: z.array(z.string()) }),
    example: { body: { keys: ['team'] } },
  },
} as const satisfies Readonly<Record<string, Operation>>;
