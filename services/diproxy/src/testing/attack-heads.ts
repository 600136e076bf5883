import { randomUUID } from 'node:crypto';
import { basic, headersOf, validBody, type TestAccount } from './gateway';

/** A request whose head is wrong, over an ordinary client. */
export interface AttackHead {
  readonly name: string;
  readonly status: number;
  readonly code: string;
  headers(account: TestAccount): Record<string, string>;
}

type HeadRow = readonly [name: string, status: number, code: string, headers: Change];
type Change = (account: TestAccount) => Record<string, string>;
const change =
  (changed: Readonly<Record<string, string>> | Change): Change =>
  (account) => ({ ...headersOf(account), ...(typeof changed === 'function' ? changed(account) : changed) });
const without =
  (name: string): Change =>
  (account) =>
    Object.fromEntries(Object.entries(headersOf(account)).filter(([key]) => key !== name));

const missing = 'account-id-missing';
const malformed = 'account-id-malformed';
const unsupported = 'unsupported-media-type';

const heads: readonly HeadRow[] = [
  ['no account and no credentials', 400, missing, () => ({})],
  ['a user name that is no account id', 400, missing, () => ({ authorization: `Basic ${btoa('me:secret')}` })],
  ['an account id with a path in it', 400, malformed, change({ 'cloud-account-id': '../../etc/passwd' })],
  ['an account id that is a MongoDB operator', 400, malformed, change({ 'cloud-account-id': '{"$gt":""}' })],
  ['an account id named __proto__', 400, malformed, change({ 'cloud-account-id': '__proto__' })],
  ['an account id named constructor', 400, malformed, change({ 'cloud-account-id': 'constructor' })],
  ['an account id with a percent-coded NUL', 400, malformed, change({ 'cloud-account-id': `${randomUUID()}%00` })],
  ['an empty account id', 400, malformed, change({ 'cloud-account-id': '' })],
  ['an account id of 8 KiB', 400, malformed, change({ 'cloud-account-id': 'a'.repeat(8_192) })],
  ['a list of account ids', 400, malformed, change(({ id }) => ({ 'cloud-account-id': `${id}, ${id}` }))],
  ['no credentials', 401, 'unauthenticated', without('authorization')],
  ['a Bearer token', 401, 'unauthenticated', change(({ password }) => ({ authorization: `Bearer ${password}` }))],
  ['a wrong password', 401, 'unauthenticated', (account) => headersOf({ ...account, password: 'wrong' })],
  ['an empty password', 401, 'unauthenticated', (account) => headersOf({ ...account, password: '' })],
  ['an unknown account', 401, 'unauthenticated', (account) => headersOf({ ...account, id: randomUUID() })],
  ['credentials of another account', 401, 'unauthenticated', change({ 'cloud-account-id': randomUUID() })],
  ['JSON', 415, unsupported, change({ 'content-type': 'application/json' })],
  ['text', 415, unsupported, change({ 'content-type': 'text/plain' })],
  ['an unknown message', 415, unsupported, change({ 'content-type': 'application/x-protobuf;proto=x.Y' })],
  ...['gzip', 'zstd', 'deflate', 'identity', 'snappy, snappy'].map(
    (encoding) => [encoding, 415, unsupported, change({ 'content-encoding': encoding })] as const,
  ),
];

/** Identity, credentials and content negotiation of the catalogue of attacks. */
export const attackHeads: readonly AttackHead[] = heads.map(([name, status, code, headers]) => ({
  name,
  status,
  code,
  headers,
}));

/** Bytes on a connection, and the statuses of the answers that come back before it is closed. */
export interface AttackBytes {
  readonly name: string;
  /** Empty: closed without an answer. */
  readonly statuses: readonly string[];
  bytes(account: TestAccount): Buffer;
}

const crlf = '\r\n';

function head(lines: readonly string[], path = '/write'): string {
  return [`POST ${path} HTTP/1.1`, 'Host: gateway', ...lines, '', ''].join(crlf);
}

const own = (account: TestAccount): string[] => [
  `Cloud-Account-Id: ${account.id}`,
  `Authorization: ${basic(account)}`,
  'Connection: close',
];

/** A head of the account's own with more lines, then bytes as they are. */
const owned =
  (lines: readonly string[], after: string | Buffer = '') =>
  (account: TestAccount): Buffer =>
    Buffer.concat([Buffer.from(head([...own(account), ...lines])), Buffer.from(after)]);

const twice =
  (order: 'first' | 'last', line: (account: TestAccount) => string) =>
  (account: TestAccount): Buffer => {
    const lines = [...own(account), 'Content-Length: 0'];
    return Buffer.from(head(order === 'first' ? [line(account), ...lines] : [...lines, line(account)]));
  };

function twoOnOneConnection(account: TestAccount): Buffer {
  const body = validBody();
  const common = [`Cloud-Account-Id: ${account.id}`, `Content-Length: ${String(body.length)}`];
  const first = head([...common, `Authorization: ${basic(account)}`]);
  const second = head([...common, 'Connection: close']);
  return Buffer.concat([Buffer.from(first), body, Buffer.from(second), body]);
}

function endless(account: TestAccount): Buffer {
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(1 << 20), Buffer.from(crlf)]);
  return owned(['Transfer-Encoding: chunked'], Buffer.concat(Array.from({ length: 11 }, () => chunk)))(account);
}

const byteRows: readonly (readonly [name: string, statuses: readonly string[], bytes: AttackBytes['bytes']])[] = [
  ['Cloud-Account-Id of another before ours', ['400'], twice('first', () => `Cloud-Account-Id: ${randomUUID()}`)],
  ['Cloud-Account-Id of another after ours', ['400'], twice('last', () => `Cloud-Account-Id: ${randomUUID()}`)],
  ['Authorization twice, the wrong one first', ['400'], twice('first', () => `Authorization: Basic ${btoa('a:b')}`)],
  ['Authorization twice, the wrong one last', ['400'], twice('last', () => `Authorization: Basic ${btoa('a:b')}`)],
  [
    'two ways to say where the body ends',
    ['400'],
    owned(['Content-Length: 3', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
  ],
  ['an unknown transfer encoding', ['400'], owned(['Transfer-Encoding: xchunked'], '0\r\n\r\n')],
  ['chunked that is not last', ['400'], owned(['Transfer-Encoding: chunked, identity'], '0\r\n\r\n')],
  ['two lengths', ['400'], owned(['Content-Length: 3', 'Content-Length: 4'], 'abc')],
  ['a negative length', ['400'], owned(['Content-Length: -1'])],
  ['a length that is no number', ['400'], owned(['Content-Length: 0x10'])],
  ['a blank before the colon', ['400'], owned(['Content-Length : 3'], 'abc')],
  ['a folded header', ['400'], owned(['X-Folded: a\r\n b', 'Content-Length: 3'], 'abc')],
  ['a bare line feed', ['400'], owned(['X-Line: a\nX-Other: b', 'Content-Length: 3'], 'abc')],
  ['a control byte in a header', ['400'], owned(['X-Control: a\u0001b', 'Content-Length: 3'], 'abc')],
  ['a NUL in the account id', ['400'], () => Buffer.from(head(['Cloud-Account-Id: a\0b', 'Content-Length: 0']))],
  ['a header section above 16 KiB', ['431'], owned([`X-Long: ${'a'.repeat(65_536)}`, 'Content-Length: 0'])],
  ['a bad chunk size', ['400'], owned(['Transfer-Encoding: chunked'], 'zz\r\nabc\r\n0\r\n\r\n')],
  ['no HTTP at all', ['400'], () => Buffer.from('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03')],
  ['a second request without credentials', ['204', '401'], twoOnOneConnection],
  [
    '1 GiB announced without credentials',
    ['401'],
    ({ id }) =>
      Buffer.concat([
        Buffer.from(head([`Cloud-Account-Id: ${id}`, 'Content-Length: 1073741824'])),
        Buffer.alloc(65_536),
      ]),
  ],
  ['1 GiB announced', ['413'], owned(['Content-Length: 1073741824'])],
  ['a stream without end', ['413'], endless],
  ['a body that comes too slowly', [], owned(['Content-Length: 100'], 'x')],
];

/** What only raw bytes can do: smuggling, splitting, lengths that lie. */
export const attackBytes: readonly AttackBytes[] = byteRows.map(([name, statuses, bytes]) => ({
  name,
  statuses,
  bytes,
}));
