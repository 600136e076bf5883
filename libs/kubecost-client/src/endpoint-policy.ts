import { lookup as resolve, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP, isIPv6 } from 'node:net';

/** A host that an organization may name as its Kubecost. */
export interface EndpointRule {
  /**
   * `kubecost.example.com`, `*.svc.cluster.local` (everything below it), `*` (every name), an address or a range of addresses. A URL
   * with an address needs an address or a range here.
   */
  readonly host: string;
  /** Absent: every port of the host. */
  readonly port?: number;
  /** Whose Kubecost it is; `*` is every organization of the installation. */
  readonly organizationId: string;
}

/** Which addresses the operator lets accounts name as their Kubecost. */
export interface EndpointPolicyOptions {
  readonly allow: readonly EndpointRule[];
  /** Addresses and ranges that are never connected to, whatever name leads there. */
  readonly deny: readonly string[];
}

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** Keeps us from being made to ask what an account must not reach. */
export interface EndpointPolicy {
  /**
   * What is wrong with the URL as an endpoint of this organization; null when it may be used. Kubecost asks for no credentials, so this
   * alone keeps one organization from reading another's. Names are not resolved here.
   */
  fault(url: string, organizationId: string): string | null;
  /** Resolves a name for a connection, and refuses it when one of its addresses is denied: names can change after they were checked. */
  readonly lookup: (hostname: string, options: LookupOptions, callback: LookupCallback) => void;
}

/**
 * What no Kubecost has as its address: this host, link-local (where clouds answer credentials), the metadata services that are
 * elsewhere, multicast and reserved.
 */
export const deniedByDefault =
  '0.0.0.0/8,127.0.0.0/8,169.254.0.0/16,100.100.100.200,168.63.129.16,192.0.0.192,224.0.0.0/3,::,::1,64:ff9b::/96,fe80::/10,ff00::/8,fd00:ec2::254';

const defaultPrefix = { ipv4: 32, ipv6: 128 } as const;

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}

const isRange = (entry: string): boolean => isIP(entry.split('/', 1)[0] ?? '') !== 0;

/** @throws RangeError for a range that cannot be read */
function rangesOf(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const family = familyOf(address);
    if (isIP(address) === 0) throw new RangeError(`"${entry}" is neither an address nor a range of addresses`);
    list.addSubnet(address, prefix === undefined ? defaultPrefix[family] : Number(prefix), family);
  }
  return list;
}

function matchesName(host: string, pattern: string): boolean {
  if (pattern === '*') return true;
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern;
}

/** Entries of a list as it is written in an environment variable. */
export function endpointList(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '');
}

const hostAndPort = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/;
const maxPort = 65_535;

function ruleOf(entry: string): EndpointRule {
  const [place = '', organizationId = '', ...more] = entry.split('=').map((part) => part.trim());
  // An address of version 6 needs brackets only where a port follows.
  const isBare = isIPv6(place.split('/', 1)[0] ?? '');
  const [, bracketed, plain, port] = hostAndPort.exec(place) ?? [];
  const host = isBare ? place : (bracketed ?? plain);
  const isWrongPort = port !== undefined && (Number(port) < 1 || Number(port) > maxPort);
  if (host === undefined || isWrongPort || organizationId === '' || more.length > 0)
    throw new RangeError(`"${entry}" is not of the form host[:port]=organization`);
  return { host, organizationId, ...(isBare || port === undefined ? {} : { port: Number(port) }) };
}

/** Rules as they are written in an environment variable: `host[:port]=organizationId`. @throws RangeError for an entry of another form */
export function endpointRules(text: string): EndpointRule[] {
  return endpointList(text).map(ruleOf);
}

/** Whether a rule names a host. */
function matcherOf({ host: pattern }: EndpointRule): (host: string) => boolean {
  if (!isRange(pattern)) return (host) => isIP(host) === 0 && matchesName(host, pattern);
  const range = rangesOf([pattern]);
  return (host) => isIP(host) !== 0 && range.check(host, familyOf(host));
}

const defaultPorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** @throws RangeError for a range that cannot be read */
export function createEndpointPolicy({ allow, deny }: EndpointPolicyOptions): EndpointPolicy {
  const denied = rangesOf(deny);
  const rules = allow.map((rule) => ({ ...rule, matches: matcherOf(rule) }));

  const isAllowed = (host: string, port: number | undefined, asking: string): boolean =>
    rules.some(
      (rule) =>
        (rule.organizationId === '*' || rule.organizationId === asking.toLowerCase()) &&
        (rule.port === undefined || rule.port === port) &&
        rule.matches(host),
    );

  const fault = (text: string, organizationId: string): string | null => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !['http:', 'https:'].includes(url.protocol)) return 'must be a URL with http or https';
    if (url.username !== '' || url.password !== '') return 'must not carry credentials';
    if (url.search !== '' || url.hash !== '') return 'must have neither a query nor a fragment';
    // An address of version 6 is written in brackets, a name of a cluster's DNS may end with a dot.
    const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
    const isAddress = isIP(host) !== 0;
    const isDenied = isAddress && denied.check(host, familyOf(host));
    const port = url.port === '' ? defaultPorts[url.protocol] : Number(url.port);
    if (!isDenied && isAllowed(host, port, organizationId)) return null;
    // The same words whether the host is nobody's or another organization's: who asks learns nothing of others.
    return `names ${isAddress ? 'an address' : 'a host'} that is not allowed here`;
  };

  return {
    fault,
    lookup(hostname, options, callback) {
      resolve(hostname, { ...options, all: true }, (error, addresses) => {
        if (error !== null) {
          callback(error, []);
          return;
        }
        const refused = addresses.find(({ address }) => denied.check(address, familyOf(address)));
        const [first] = addresses;
        if (refused !== undefined || first === undefined) {
          callback(new Error(`${hostname} is at an address that is not allowed here`), []);
        } else if (options.all === true) callback(null, addresses);
        else callback(null, first.address, first.family);
      });
    },
  };
}
