import { randomUUID } from 'node:crypto';
import { priceBookSchema, type PriceBook } from '@cloudtuner/cost-model';
import { randomDatabase, sharedServers } from '@cloudtuner/test-kit';
import { connectMetadata, type Metadata } from './metadata';

const at = new Date('2026-03-01T10:00:00Z');
const createdBy = randomUUID();
const bookOf = (price: number): PriceBook =>
  priceBookSchema.parse({ periods: [{ effective_from: 0, nodes: [{ cpu_core_hour_price: price }] }] });

let metadata: Metadata;
beforeAll(async () => {
  const url = await sharedServers().mongodbUrl();
  metadata = connectMetadata({ url, database: randomDatabase(), appName: 'test', now: () => at });
});
afterAll(() => metadata.close());

describe('price books', () => {
  it('are versions of which the last counts and none is lost, each account’s own', async () => {
    const [account, other] = [randomUUID(), randomUUID()];
    expect(await metadata.priceBooks.find(account)).toBeNull();
    const first = await metadata.priceBooks.put(account, { book: bookOf(0.03), basedOn: 0, createdBy });
    expect(first).toEqual({ version: 1, book: bookOf(0.03), createdAt: at, createdBy });
    await metadata.priceBooks.put(account, { book: bookOf(0.02), basedOn: 1, createdBy });
    expect((await metadata.priceBooks.find(account))?.book).toEqual(bookOf(0.02));
    expect((await metadata.priceBooks.list(account)).map(({ version }) => version)).toEqual([2, 1]);
    expect(await metadata.priceBooks.find(other)).toBeNull();
  });

  it('cannot overwrite one another: of those made from the same version one is stored', async () => {
    const account = randomUUID();
    const puts = Array.from({ length: 6 }, (_, index) =>
      metadata.priceBooks.put(account, { book: bookOf(index), basedOn: 0, createdBy }),
    );
    const outcomes = await Promise.allSettled(puts);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'price-book-changed' });
    }
    await expect(metadata.priceBooks.put(account, { book: bookOf(1), basedOn: 7, createdBy })).rejects.toMatchObject({
      code: 'price-book-changed',
    });
    expect(await metadata.priceBooks.list(account)).toHaveLength(1);
  });

  it('are refused when they are none', async () => {
    const book = { periods: [{ effective_from: 0, nodes: [{ cpu_core_hour_price: -1 }] }] };
    await expect(metadata.priceBooks.put(randomUUID(), { book, basedOn: 0, createdBy })).rejects.toMatchObject({
      code: 'invalid-request',
    });
  });
});
