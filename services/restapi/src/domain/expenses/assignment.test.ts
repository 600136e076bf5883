import type { AssignmentRule, RuleCondition } from '@cloudtuner/metadata';
import { assign } from './assignment';
import { passes, type ExpenseTraits } from './expense-filter';

const cluster: ExpenseTraits = {
  cloudAccountId: 'c',
  region: 'eu-west-1',
  serviceName: '',
  resourceType: 'K8s Cluster',
  name: 'shop',
  tags: { team: 'a', env: '' },
};

const rule = (
  conditions: Partial<RuleCondition>[],
  poolId: string | null,
  employeeId: string | null,
): AssignmentRule => ({
  id: 'r',
  organizationId: 'o',
  name: 'r',
  priority: 0,
  conditions: conditions.map((condition) => ({ type: 'name_is', key: '', value: '', ...condition })),
  poolId,
  employeeId,
  createdAt: new Date(0),
});

describe('assign', () => {
  it('takes pool and employee each from the first rule that holds and names one', () => {
    const rules = [
      rule([{ type: 'tag_is', key: 'team', value: 'b' }], 'wrong', 'wrong'),
      rule([{ type: 'tag_exists', key: 'env' }], null, 'eve'),
      rule(
        [
          { type: 'name_starts_with', value: 'sh' },
          { type: 'region_is', value: 'eu-west-1' },
        ],
        'pool',
        'adam',
      ),
      rule([{ type: 'cloud_account_is', value: 'c' }], 'later', null),
    ];
    expect(assign(rules, cluster)).toEqual({ poolId: 'pool', employeeId: 'eve' });
    expect(assign([], cluster)).toEqual({ poolId: '', employeeId: '' });
  });
});

describe('passes', () => {
  const nobody = { poolId: '', employeeId: '' };
  it('asks of an expense one value of each dimension and all tags; null for what it lacks', () => {
    expect(passes({ region: ['x', 'eu-west-1'], service_name: ['null'], pool_id: ['null'] }, cluster, nobody)).toBe(
      true,
    );
    expect(
      passes(
        {
          tags: [
            { key: 'team', value: 'a' },
            { key: 'env', value: null },
          ],
        },
        cluster,
        nobody,
      ),
    ).toBe(true);
    expect(
      passes(
        {
          tags: [
            { key: 'team', value: 'a' },
            { key: 'toString', value: null },
          ],
        },
        cluster,
        nobody,
      ),
    ).toBe(false);
    expect(passes({ region: ['null'] }, cluster, nobody)).toBe(false);
    expect(passes({ employee_id: ['e'] }, cluster, nobody)).toBe(false);
  });
});
