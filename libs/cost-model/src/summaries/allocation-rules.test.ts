import { allocationRulesSchema, labelKeysOfRules, rulesOfMonth, type VersionedRules } from './allocation-rules';

const versioned = (version: number, restates_from: string | null = null): VersionedRules => ({
  version,
  rules: allocationRulesSchema.parse({ restates_from }),
});

describe('allocation rules', () => {
  it.each([
    ['a rule that names nobody', { mapping: [{ name: 'a' }] }],
    ['a team by name and by label', { mapping: [{ name: 'a', team: 'x', team_label: 'team' }] }],
    ['a label without a key', { mapping: [{ name: 'a', team: 'x', conditions: [{ type: 'label_exists' }] }] }],
    [
      'a key without a label',
      { mapping: [{ name: 'a', team: 'x', conditions: [{ type: 'namespace_is', key: 'k', value: 'v' }] }] },
    ],
    ['nothing to compare with', { mapping: [{ name: 'a', team: 'x', conditions: [{ type: 'namespace_is' }] }] }],
    [
      'a fixed split without weights',
      { shared_costs: [{ name: 'a', costs: 'idle', split: 'fixed', targets: [{ name: 'x' }] }] },
    ],
    [
      'weights that nobody reads',
      { shared_costs: [{ name: 'a', costs: 'idle', split: 'even', targets: [{ name: 'x', weight: 1 }] }] },
    ],
    ['shared costs that nothing matches', { shared_costs: [{ name: 'a', costs: 'matching', split: 'even' }] }],
    [
      'a target that is there twice',
      { shared_costs: [{ name: 'a', costs: 'idle', split: 'even', targets: [{ name: 'x' }, { name: 'x' }] }] },
    ],
    ['a month that there is not', { restates_from: '2026-13' }],
    ['a field that there is not', { maping: [] }],
  ])('refuse %s', (_what, rules) => {
    expect(allocationRulesSchema.safeParse(rules).success).toBe(false);
  });

  it('look at the labels that they name, as facts have them', () => {
    const rules = allocationRulesSchema.parse({
      mapping: [
        {
          name: 'a',
          team_label: 'app.kubernetes.io/part-of',
          conditions: [{ type: 'label_is', key: 'env', value: 'p' }],
        },
      ],
      shared_costs: [
        { name: 's', costs: 'matching', split: 'even', conditions: [{ type: 'label_exists', key: 'env' }] },
      ],
    });
    expect(labelKeysOfRules(rules)).toEqual(['app_kubernetes_io_part_of', 'env']);
  });

  it('are the latest ones for an open month, and those of its closing for a closed one, unless later ones restate it', () => {
    const versions = [versioned(1), versioned(2, '2026-03'), versioned(3)];
    const of = (month: string, closedWith: number | null): number =>
      rulesOfMonth(versions, { month, closedWith }).version;
    expect([of('2026-02', null), of('2026-02', 1), of('2026-03', 1), of('2026-03', 3), of('2026-02', 0)]).toEqual([
      3, 1, 2, 3, 0,
    ]);
    expect(rulesOfMonth([], { month: '2026-02', closedWith: null }).version).toBe(0);
  });
});
