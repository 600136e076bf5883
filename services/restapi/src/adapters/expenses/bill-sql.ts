import type { QueryParam } from '@cloudtuner/clickhouse';
import type { AssignmentRule, RuleCondition } from '@cloudtuner/metadata';
import { lacking, type ExpenseDimension } from '../../domain/expenses/expense-filter';
import type { BillQuestion } from '../../expense-ports';

/** Text of a statement and the values of its parameters. Values never get into the text. */
export interface BillSql {
  readonly where: string;
  /** Expressions over a row `b`. */
  readonly poolId: string;
  readonly employeeId: string;
  readonly params: Readonly<Record<string, QueryParam>>;
}

/** What people know a resource by. */
export const nameOf = "if(b.resource_name = '', b.resource_id, b.resource_name)";

/** A new parameter with this value; returns its placeholder. */
type Bind = (type: string, value: QueryParam) => string;

function createBind(): { bind: Bind; params: Record<string, QueryParam> } {
  const params: Record<string, QueryParam> = {};
  return {
    params,
    bind(type, value) {
      const name = `p${String(Object.keys(params).length)}`;
      params[name] = value;
      return `{${name}:${type}}`;
    },
  };
}

function conditionSql({ type, key, value }: RuleCondition, bind: Bind): string {
  const text = bind('String', value);
  switch (type) {
    case 'cloud_account_is':
      return `toString(b.cloud_account_id) = ${text}`;
    case 'region_is':
      return `b.region = ${text}`;
    case 'service_name_is':
      return `b.service_name = ${text}`;
    case 'resource_type_is':
      return `b.resource_type = ${text}`;
    case 'name_is':
      return `${nameOf} = ${text}`;
    case 'name_starts_with':
      return `startsWith(${nameOf}, ${text})`;
    case 'name_contains':
      return `position(${nameOf}, ${text}) > 0`;
    case 'tag_is': {
      const tag = bind('String', key);
      return `mapContains(b.tags, ${tag}) AND b.tags[${tag}] = ${text}`;
    }
    case 'tag_exists':
      return `mapContains(b.tags, ${bind('String', key)})`;
  }
}

function assignedSql(rules: readonly AssignmentRule[], field: 'poolId' | 'employeeId', bind: Bind): string {
  const branches = rules.flatMap((rule) => {
    const id = rule[field];
    if (id === null) return [];
    const all = rule.conditions.map((condition) => `(${conditionSql(condition, bind)})`).join(' AND ');
    return [all === '' ? 'true' : all, bind('String', id)];
  });
  return branches.length === 0 ? "''" : `multiIf(${branches.join(', ')}, '')`;
}

const dateOf = (timestampMs: number): string => new Date(timestampMs).toISOString().slice(0, 10);
const msPerDay = 86_400_000;

/** Rows of the current blocks of these accounts in the window: a charge belongs to a window that has the beginning of its day. */
export function currentRowsSql({ accountIds, importIds, window }: BillQuestion, bind: Bind): string {
  const accounts = bind('Array(UUID)', accountIds);
  // A day is in the window when its midnight is.
  const from = bind('Date', dateOf(Math.ceil(window.startMs / msPerDay) * msPerDay));
  const until = bind('Date', dateOf(Math.ceil(window.endMs / msPerDay) * msPerDay));
  const imports = bind('Array(UUID)', importIds);
  return `b.cloud_account_id IN ${accounts} AND b.date >= ${from} AND b.date < ${until} AND b.block_id IN (
    SELECT arrayJoin(blocks) FROM bill_files WHERE cloud_account_id IN ${accounts} AND import_id IN ${imports})`;
}

/** The rows of a question, and to whom they belong. */
export function billSql(question: BillQuestion): BillSql {
  const { filter, rules } = question;
  const { bind, params } = createBind();
  const poolId = assignedSql(rules, 'poolId', bind);
  const employeeId = assignedSql(rules, 'employeeId', bind);
  const texts = (values: readonly string[]): string =>
    bind(
      'Array(String)',
      values.map((value) => (value === lacking ? '' : value)),
    );
  const among = (expression: string, values: readonly string[] | undefined): string[] =>
    values === undefined ? [] : [`${expression} IN ${texts(values)}`];
  const conditions = [
    currentRowsSql(question, bind),
    ...among('toString(b.cloud_account_id)', filter.cloud_account_id),
    ...among('b.service_name', filter.service_name),
    ...among('b.region', filter.region),
    ...among('b.resource_type', filter.resource_type),
    ...among(poolId, filter.pool_id),
    ...among(employeeId, filter.employee_id),
    ...(filter.tags ?? []).map(({ key, value }) =>
      conditionSql({ type: value === null ? 'tag_exists' : 'tag_is', key, value: value ?? '' }, bind),
    ),
  ];
  return { where: conditions.join(' AND '), poolId, employeeId, params };
}

/** The value of a dimension of a row `b`; empty where it lacks it. */
export function dimensionSql(by: ExpenseDimension, { poolId, employeeId }: BillSql): string {
  switch (by) {
    case 'cloud_account_id':
      return 'toString(b.cloud_account_id)';
    case 'service_name':
      return 'toString(b.service_name)';
    case 'region':
      return 'toString(b.region)';
    case 'resource_type':
      return 'toString(b.resource_type)';
    case 'pool_id':
      return poolId;
    case 'employee_id':
      return employeeId;
    case 'k8s_node':
    case 'k8s_namespace':
    case 'k8s_service':
      return "''";
  }
}

/** The same as `providerKeyOf` for what Kubernetes has as a provider id, in the column `a.provider_id`. */
export const assetProviderKey = `multiIf(
    match(lower(a.provider_id), '(^|[/:])(i|vol)-[0-9a-f]{8,40}$'),
      concat('aws:', extract(lower(a.provider_id), '((?:i|vol)-[0-9a-f]{8,40})$')),
    match(lower(a.provider_id), '^gce://[^/]+/[^/]+/[^/]+$'), concat('gcp:', substring(lower(a.provider_id), 7)),
    match(lower(a.provider_id), '^azure:///subscriptions/.'), concat('azure:', substring(lower(a.provider_id), 9)),
    match(lower(a.provider_id), '^/subscriptions/.'), concat('azure:', lower(a.provider_id)),
    '')`;

export { createBind };
