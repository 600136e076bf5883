import { createEndpointPolicy, deniedByDefault, endpointList, endpointRules } from './endpoint-policy';

const inCluster = createEndpointPolicy({
  allow: endpointRules('*.svc.cluster.local=o, kubecost.example.com=O, 10.0.0.0/8=o, fd12::/16=o'),
  deny: endpointList(deniedByDefault),
});
const everywhere = createEndpointPolicy({
  allow: endpointRules('*=*,0.0.0.0/0=*,::/0=*'),
  deny: endpointList(deniedByDefault),
});

describe('an endpoint policy', () => {
  it.each([
    'http://kubecost-cost-analyzer.kubecost.svc.cluster.local:9090',
    'http://kubecost.svc.cluster.local./model',
    'https://KUBECOST.example.com',
    'http://10.1.2.3:9003',
    'http://[fd12::7]:9003',
  ])('takes %s', (url) => {
    expect(inCluster.fault(url, 'o')).toBeNull();
  });

  it.each([
    ['ftp://kubecost.example.com', 'http or https'],
    ['file:///etc/passwd', 'http or https'],
    ['not a url', 'http or https'],
    ['http://user:secret@kubecost.example.com', 'credentials'],
    ['http://user@kubecost.example.com', 'credentials'],
    ['http://kubecost.example.com/?a=b', 'query'],
    ['http://kubecost.example.com/#a', 'query'],
    ['http://example.com', 'not allowed'],
    ['http://svc.cluster.local.example.com', 'not allowed'],
    ['http://xkubecost.example.com', 'not allowed'],
    ['http://192.168.1.1', 'not allowed'],
    ['http://[fd13::1]', 'not allowed'],
  ])('refuses %s', (url, why) => {
    expect(inCluster.fault(url, 'o')).toContain(why);
  });

  it.each([
    'http://127.0.0.1',
    'http://127.1',
    'http://2130706433',
    'http://0x7f.0.0.1',
    'http://0',
    'http://[::1]',
    'http://[::ffff:127.0.0.1]',
    'http://[::ffff:a9fe:a9fe]',
    'http://169.254.169.254/latest/meta-data',
    'http://[fe80::1]',
    'http://100.100.100.200',
  ])('refuses %s even where every host is allowed, in whatever way it is written', (url) => {
    expect(everywhere.fault(url, 'o')).toContain('not allowed');
  });

  it('lets nobody name a host before the operator says whose it is', () => {
    const fresh = createEndpointPolicy({ allow: endpointRules(''), deny: [] });
    expect(fresh.fault('http://kubecost-cost-analyzer.kubecost.svc.cluster.local:9090', 'a')).toContain('not allowed');
  });

  it('lets an organization name its own hosts and ports only, and tells others no more than of a host that is nobody’s', () => {
    const rules =
      'kubecost.a.example:9090=a, kubecost.b.example=b, 10.0.0.0/24:9003=a, [fd12::1]:9003=b, shared.example=*';
    const { fault } = createEndpointPolicy({ allow: endpointRules(rules), deny: [] });
    expect(fault('http://kubecost.a.example:9090', 'a')).toBeNull();
    expect(fault('http://kubecost.a.example:9090', 'b')).toBe(fault('http://nobody.example:9090', 'b'));
    expect(fault('http://kubecost.a.example:9090', 'b')).toContain('not allowed');
    expect(fault('http://kubecost.a.example:9091', 'a')).toContain('not allowed');
    expect(fault('http://kubecost.a.example', 'a')).toContain('not allowed');
    expect(fault('https://kubecost.b.example', 'b')).toBeNull();
    expect(fault('http://10.0.0.7:9003', 'a')).toBeNull();
    expect(fault('http://10.0.0.7:9003', 'b')).toContain('not allowed');
    expect(fault('http://[fd12::1]:9003', 'b')).toBeNull();
    expect(fault('http://[fd12::1]:9003', 'a')).toContain('not allowed');
    expect(['a', 'b', ''].map((id) => fault('http://shared.example', id))).toEqual([null, null, null]);
    // Who is nobody has nothing of his own.
    expect(fault('https://kubecost.b.example', '')).toContain('not allowed');
  });

  it('takes a port that the scheme implies as if it were written', () => {
    const { fault } = createEndpointPolicy({ allow: endpointRules('k.example:443=a'), deny: [] });
    expect(fault('https://k.example', 'a')).toBeNull();
    expect(fault('http://k.example', 'a')).toContain('not allowed');
  });

  it.each([
    'kubecost.example.com',
    'kubecost.example.com=',
    '=a',
    'k.example:0=a',
    'k.example:70000=a',
    'a=b=c',
    'k:x=a',
  ])('does not guess what %s means', (entry) => {
    expect(() => endpointRules(entry)).toThrow(entry);
  });

  it('does not connect to a name that leads to a denied address', async () => {
    const found = await new Promise((done) => {
      everywhere.lookup('localhost', { all: true }, (error, addresses) => {
        done(error?.message ?? addresses);
      });
    });
    expect(found).toBe('localhost is at an address that is not allowed here');
  });

  it('names a range that cannot be read', () => {
    expect(() => createEndpointPolicy({ allow: [], deny: ['10.0.0/8'] })).toThrow('10.0.0/8');
  });
});
