import { join } from 'node:path';
import { runSchemathesis, type SchemathesisOutcome } from '@cloudtuner/test-kit';

/** Whom and what schemathesis works with; ids by the name of their parameter. */
export interface SchemathesisTenant {
  readonly url: string;
  readonly token: string;
  /** For signing out, so that the other one lives on. */
  readonly spareToken: string;
  readonly clusterSecret: string;
  readonly ids: Readonly<Record<string, string>>;
  /** An account of bills, for what is about bills alone. */
  readonly bills: string;
}

/** How long and how deep. */
export interface SchemathesisEffort {
  readonly phases: readonly ('examples' | 'coverage' | 'fuzzing' | 'stateful')[];
  /** Requests made up for an operation in fuzzing, and scenarios in stateful testing. */
  readonly maxExamples: number;
  /** Null: the same requests always. */
  readonly seed: number | null;
  /** With it fuzzing and stateful testing go on until it is over; null: each operation has its examples once. */
  readonly maxSeconds: number | null;
}

const quoted = (text: string): string => JSON.stringify(text);
const parametersOf = (ids: Readonly<Record<string, string>>): string =>
  Object.entries(ids)
    .map(([name, id]) => `${quoted(name)} = ${quoted(id)}`)
    .join('\n');

/** As schemathesis reads it. What is deleted is left to the links, so that the tenant lives on. */
function configOf({ url, token, spareToken, clusterSecret, ids, bills }: SchemathesisTenant): string {
  return `
base-url = ${quoted(url)}
hooks = ${quoted(join(__dirname, 'contract_checks.py'))}
generation.database = "none"
# How long an address is as a whole no schema can say (431); what else the schemas cannot say has a code or a rule of
# its own in the document, which refusal_names_its_rule holds against the answer.
[checks]
max_response_time = 60
positive_data_acceptance.expected-statuses = ["2xx", 304, 400, 401, 403, 404, 409, 422, 429, 431, 503]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429, 431, 503]
missing_required_header.expected-statuses = [400, 401, 403, 404, 422, 431]

[auth.openapi]
bearerToken = { bearer = ${quoted(token)} }
clusterSecret = { api_key = ${quoted(clusterSecret)} }

[[operations]]
include-method = ["GET", "POST", "PUT", "PATCH"]
[operations.parameters]
${parametersOf(ids)}

[[operations]]
include-path-regex = "/expense_(imports|files)"
include-method = ["GET", "POST"]
[operations.parameters]
"path.cloud_account_id" = ${quoted(bills)}

[[operations]]
include-operation-id = "revokeCurrentToken"
headers = { Authorization = ${quoted(`Bearer ${spareToken}`)} }
`;
}

/** Runs schemathesis with all its checks over the served document; answers how it ended and what it said. */
export function tryContract(
  tenant: SchemathesisTenant,
  { phases, maxExamples, seed, maxSeconds }: SchemathesisEffort,
): Promise<SchemathesisOutcome> {
  return runSchemathesis({
    config: configOf(tenant),
    document: `${tenant.url}/restapi/v2/openapi.json`,
    args: [
      ...['--checks', 'all', '--continue-on-failure', '--workers', '1', '--request-timeout', '30'],
      ...['--phases', phases.join(','), '--max-examples', String(maxExamples)],
      ...(maxSeconds === null ? [] : ['--max-time', String(maxSeconds)]),
      ...(seed === null ? ['--generation-deterministic'] : ['--seed', String(seed)]),
    ],
  });
}
