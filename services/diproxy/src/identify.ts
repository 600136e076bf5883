import type { IncomingMessage } from 'node:http';
import { AppError } from '@cloudtuner/errors';

/** Whom a request says it is, before anything was checked. */
export interface Claim {
  /** A UUID in lower case. */
  readonly accountId: string;
  /** Undefined when no Basic credentials came along, or they are for another account. */
  readonly password: string | undefined;
}

interface BasicCredentials {
  readonly username: string;
  readonly password: string;
}

const accountHeader = 'cloud-account-id';
const onlyOnce = [accountHeader, 'authorization', 'content-type', 'content-encoding', 'content-length'];
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Node joins or drops repeated headers, each by its own rule; two answers to "who is it" are refused instead. */
function refuseDuplicates(request: IncomingMessage): void {
  for (const name of onlyOnce) {
    const values = request.headersDistinct[name];
    if (values !== undefined && values.length > 1) {
      throw new AppError('header-duplicated', `The header ${name} occurs ${String(values.length)} times.`);
    }
  }
}

/** Source: RFC 7617; the password may hold colons, the user name may not. */
function parseBasic(header: string | undefined): BasicCredentials | undefined {
  const match = /^basic +([A-Za-z0-9+/_-]+={0,2}) *$/i.exec(header ?? '');
  if (match?.[1] === undefined) return undefined;
  const text = Buffer.from(match[1], 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/**
 * The account a request names: by the `Cloud-Account-Id` header or, for senders that cannot set headers, by the Basic
 * user name. Nothing else in the request (path, query, body, other headers) counts.
 *
 * @throws header-duplicated, account-id-missing, account-id-malformed
 */
export function identify(request: IncomingMessage): Claim {
  refuseDuplicates(request);
  const header = request.headersDistinct[accountHeader]?.[0];
  const basic = parseBasic(request.headers.authorization);
  if (header === undefined) {
    if (basic === undefined || !uuid.test(basic.username)) {
      throw new AppError('account-id-missing', 'No Cloud-Account-Id header, and no account id as Basic user name.');
    }
    return { accountId: basic.username.toLowerCase(), password: basic.password };
  }
  if (!uuid.test(header)) throw new AppError('account-id-malformed', 'The Cloud-Account-Id header is not a UUID.');
  const accountId = header.toLowerCase();
  // Credentials of another account are as good as none; the answer is the same 401.
  const agrees = basic?.username.toLowerCase() === accountId;
  return { accountId, password: agrees ? basic.password : undefined };
}
