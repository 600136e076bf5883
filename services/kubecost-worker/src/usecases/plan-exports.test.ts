import { planExports } from './plan-exports';

describe('the plan of exports', () => {
  it('compares the ended hours of the last days of every account, and counts what was not asked for already', async () => {
    const asked: unknown[] = [];
    const exports = {
      exportWindow: (id: string, window: object) => {
        asked.push([id, window]);
        return Promise.resolve(id === 'b');
      },
    };
    const accounts = { list: () => Promise.resolve(['a', 'b'].map((id) => ({ id }) as never)) };
    const now = () => Date.UTC(2026, 2, 3, 10, 40);
    expect(await planExports({ accounts, exports, now, lookbackHours: 48 })).toBe(1);
    const window = { from: Date.UTC(2026, 2, 1, 10) / 1_000, to: Date.UTC(2026, 2, 3, 10) / 1_000 };
    expect(asked).toEqual([
      ['a', window],
      ['b', window],
    ]);
  });
});
