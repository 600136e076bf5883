import { createEndpointPolicy, endpointRules } from '@cloudtuner/kubecost-client';
import { kubecostChange } from './kubecost-endpoint';

const endpoints = createEndpointPolicy({
  allow: endpointRules('kubecost.a.example=a, kubecost.b.example=b'),
  deny: [],
});
const now = new Date(0);
const change = (organizationId: string, kubecost_endpoint: string) =>
  kubecostChange({
    body: { kubecost_endpoint },
    account: { organizationId, type: 'kubernetes_cnr' },
    endpoints,
    now,
  });

describe('the endpoint of an account', () => {
  it('may be the Kubecost of its organization, and not that of another one', () => {
    const endpoint = 'http://kubecost.a.example:9090';
    expect(change('a', endpoint)).toEqual({ endpoint, schedules: {}, configuredAt: now });
    expect(() => change('b', endpoint)).toThrow('not allowed');
    expect(() => change('a', 'http://kubecost.b.example')).toThrow('not allowed');
  });
});
