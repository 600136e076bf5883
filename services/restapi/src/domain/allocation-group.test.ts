import {
  allocationFilterFields,
  defaultAllocationQuery,
  parseAggregate,
  parseFilter,
  shareFilterOf,
  type AllocationQuery,
} from '@cloudtuner/cost-model';
import { groupOf } from './allocation-group';
import { storedPageOf } from './allocation-page';

const query = (aggregate: string, filter = '', more: Partial<AllocationQuery> = {}): AllocationQuery => ({
  ...defaultAllocationQuery,
  grouping: parseAggregate(aggregate),
  filter: parseFilter(filter, allocationFilterFields),
  ...more,
});

const none = { services: false, annotationKeys: [], labelNames: false, annotationNames: false };

describe('groupOf', () => {
  it.each<[string, AllocationQuery, ReturnType<typeof groupOf>]>([
    ['all in one row', query('all'), { columns: [], labelKeys: [] }],
    ['its groups', query('cluster,namespace,pod'), { columns: ['namespace', 'pod'], labelKeys: [] }],
    ['a kind of controller', query('deployment'), { columns: ['controller', 'controller_kind'], labelKeys: [] }],
    ['what it filters by', query('namespace', 'pod:"a"'), { columns: ['namespace', 'pod'], labelKeys: [] }],
    ['a label with its key made clean', query('label:a/b'), { columns: [], labelKeys: ['a_b'] }],
    [
      'the label and the annotation behind an alias',
      query('team'),
      { columns: [], labelKeys: ['team'], details: { ...none, annotationKeys: ['team'] } },
    ],
    ['services', query('service'), { columns: [], labelKeys: [], details: { ...none, services: true } }],
    [
      'which labels there are',
      query('namespace', 'label:"team"'),
      { columns: ['namespace'], labelKeys: [], details: { ...none, labelNames: true } },
    ],
    [
      'what is shared',
      query('pod', '', { share: shareFilterOf({ namespaces: ['x'], labels: [{ key: 'team', value: 'y' }] }) }),
      { columns: ['namespace', 'pod'], labelKeys: ['team'] },
    ],
    [
      'the node when idle is shared by node',
      query('namespace', '', { idle: 'shared', idleBy: 'node' }),
      { columns: ['namespace', 'node'], labelKeys: [] },
    ],
    [
      'no node when idle by node is one row',
      query('namespace', '', { idleBy: 'node' }),
      { columns: ['namespace'], labelKeys: [] },
    ],
  ])('has %s', (_title, asked, group) => {
    expect(groupOf(asked)).toEqual(group);
  });
});

describe('storedPageOf', () => {
  const page = { limit: 10, offset: 0 };

  it('is there where rows are many and each costs what its own facts cost', () => {
    const parts = ['namespace', 'pod'];
    expect(storedPageOf(query('namespace,pod'), page)).toEqual({ ...page, parts, withIdle: true });
    expect(storedPageOf(query('pod', '', { idle: 'hidden' }), page)).toMatchObject({ withIdle: false });
  });

  it.each<[string, AllocationQuery]>([
    ['few rows', query('namespace')],
    ['a filter', query('pod', 'namespace:"a"')],
    ['shared idle', query('pod', '', { idle: 'shared' })],
    ['shared rows', query('pod', '', { share: shareFilterOf({ namespaces: ['x'], labels: [] }) })],
    ['a flat cost', query('pod', '', { sharedCostPerMonth: 1n })],
    ['idle by cluster', query('pod', '', { splitIdle: true })],
    ['a label', query('pod,label:team')],
    ['one kind of controller', query('pod,deployment')],
  ])('is not there with %s', (_title, asked) => {
    expect(storedPageOf(asked, page)).toBeNull();
  });
});
