import { clusterNamesOf } from './cluster-names';

const account = (id: string, name: string, isDeleted = false) => ({
  id,
  name,
  deletedAt: isDeleted ? new Date(0) : null,
});

describe('clusterNamesOf', () => {
  it('takes the name, or the id where the name is taken by a living one or a smaller id, or holds the slash that joins names', () => {
    const names = clusterNamesOf([
      account('1', 'shop', true),
      account('3', 'shop'),
      account('2', 'shop'),
      account('4', 'eu/shop'),
      account('5', 'blog'),
    ]);
    expect(Object.fromEntries(names)).toEqual({ 1: '1', 2: 'shop', 3: '3', 4: '4', 5: 'blog' });
  });
});
