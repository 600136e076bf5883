import { sharedServers } from '@cloudtuner/test-kit';
import { createBilledCluster, charge, today, type BilledCluster } from './testing/billed-cluster';
import { focusFile } from './testing/focus-files';
import { startTestWorld, type TestWorld } from './testing/test-world';

let world: TestWorld;
let stored: BilledCluster;

beforeAll(async () => {
  world = await startTestWorld(sharedServers(), { nowMs: (today + 10.5 * 3600) * 1000 });
  stored = await createBilledCluster(world);
}, 120_000);
afterAll(() => world.stop());

/** What attackers try; none of them is a value that anything has. */
const attacks = [
  "' OR 1=1 --",
  "'; DROP TABLE bill_rows; --",
  "\\' OR ''='",
  '{p0:String}',
  '$1) UNION SELECT * FROM system.users --',
  '=HYPERLINK("http://evil","x")',
  '"} or {tenant_id=~".*',
  'a\r\nSet-Cookie: x=1',
  'a\u2028{"level":"fatal"}',
  '%27%20OR%201%3D1',
  '../../etc/passwd',
  '\0',
];
const filters = [
  'cloud_account_id',
  'service_name',
  'region',
  'resource_type',
  'pool_id',
  'employee_id',
  'k8s_namespace',
  'k8s_node',
  'k8s_service',
  'tag',
] as const;

describe('injection', () => {
  it.each(filters)('in %s finds nothing and changes nothing', async (name) => {
    expect(await stored.clean({ [name]: attacks })).toMatchObject({
      total_count: 0,
      total_cost: 0,
      clean_expenses: [],
    });
    expect((await stored.clean()).total_cost).toBe(47);
  });

  it.each(['sort', 'breakdown_by', 'compare', 'money', 'limit', 'faulty_records'])('in %s is refused', async (name) => {
    const paths: Readonly<Record<string, string>> = {
      breakdown_by: `organizations/${stored.organization.id}/breakdown_expenses?start_date=0&end_date=1`,
      faulty_records: `cloud_accounts/${stored.bills}/expense_imports?file_name=x`,
    };
    const path = paths[name] ?? `clean_expenses?organization_id=${stored.organization.id}&start_date=0&end_date=1`;
    for (const attack of attacks) {
      const url = `${world.harness.url}/restapi/v2/${path}&${name}=${encodeURIComponent(attack)}`;
      const response = await fetch(url, {
        method: name === 'faulty_records' ? 'POST' : 'GET',
        headers: { authorization: `Bearer ${stored.organization.owner.token}` },
      });
      expect([response.status, response.headers.get('set-cookie')]).toEqual([400, null]);
    }
  });

  it('in names of files, pools, rules, and cells of a bill is kept as text or refused', async () => {
    const account = await stored.createBills();
    const params = { organization_id: stored.organization.id };
    const attempt = async <T>(work: Promise<T>): Promise<T | string> =>
      work.catch((error: unknown) => String(Reflect.get(Object(error), 'code')));
    const printable = attacks.filter((attack) => !/[\p{Cc}\u2028]/u.test(attack));
    for (const attack of attacks) {
      const isPrintable = printable.includes(attack);
      const file = focusFile([
        charge('1', { ServiceName: attack, ResourceId: attack, Tags: JSON.stringify({ [attack]: attack }) }),
      ]);
      const sent = { params: { cloud_account_id: account }, query: { file_name: attack }, upload: file };
      const imported = await attempt(stored.api.createExpenseImport(sent));
      expect(typeof imported === 'string' ? imported : imported.state).toBe(
        isPrintable ? 'completed' : 'invalid-request',
      );
      const pool = await attempt(stored.api.createPool({ params, body: { name: attack } }));
      expect(typeof pool === 'string' ? pool : pool.name).toBe(isPrintable ? attack : 'invalid-request');
      if (typeof pool === 'string') continue;
      const conditions = [{ type: 'tag_is' as const, key: attack, value: attack }];
      const rule = await stored.api.createAssignmentRule({
        params,
        body: { name: attack, priority: 1, pool_id: pool.id, conditions },
      });
      expect(await stored.rowsOf({ pool_id: pool.id })).toEqual([[attack, 1]]);
      await stored.api.deletePool({ params: { ...params, pool_id: pool.id } });
      const { assignment_rules: rules } = await stored.api.listAssignmentRules({ params });
      expect(rules.map(({ id }) => id)).not.toContain(rule.id);
    }
    expect((await stored.clean({ cloud_account_id: account })).total_cost).toBe(printable.length);
    const { expense_files: files } = await stored.api.listExpenseFiles({ params: { cloud_account_id: account } });
    expect(files.map((file) => file.file_name)).toEqual([...printable].sort());
    for (const line of world.harness.logLines) expect(() => void JSON.parse(line)).not.toThrow();
  });
});
