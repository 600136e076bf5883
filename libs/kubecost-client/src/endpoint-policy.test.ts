import { createEndpointPolicy, deniedByDefault, endpointList } from './endpoint-policy';

const inCluster = createEndpointPolicy({
  allow: endpointList('*.svc.cluster.local, kubecost.example.com, 10.0.0.0/8, fd12::/16'),
  deny: endpointList(deniedByDefault),
});
const everywhere = createEndpointPolicy({ allow: ['*', '0.0.0.0/0', '::/0'], deny: endpointList(deniedByDefault) });

describe('an endpoint policy', () => {
  it.each([
    'http://kubecost-cost-analyzer.kubecost.svc.cluster.local:9090',
    'http://kubecost.svc.cluster.local./model',
    'https://KUBECOST.example.com',
    'http://10.1.2.3:9003',
    'http://[fd12::7]:9003',
  ])('takes %s', (url) => {
    expect(inCluster.fault(url)).toBeNull();
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
    expect(inCluster.fault(url)).toContain(why);
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
    expect(everywhere.fault(url)).toContain('not allowed');
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
