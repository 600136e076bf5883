import type { Metadata } from '@cloudtuner/metadata';
import type { PriceBooks } from '../ports';

/** Price books as their accounts' organizations store them; always the last version. */
export function createMetadataPriceBooks({ priceBooks }: Pick<Metadata, 'priceBooks'>): PriceBooks {
  return { find: async (tenantId) => (await priceBooks.find(tenantId))?.book };
}

/** Where no metadata is configured: everybody has the exporter's prices. */
export const noPriceBooks: PriceBooks = { find: () => Promise.resolve(undefined) };
