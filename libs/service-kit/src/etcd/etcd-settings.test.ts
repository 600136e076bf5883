import { changedNames, openSettings, settingsOf } from './etcd-settings';

const where = {
  prefix: '/cloudtuner',
  service: 'metroculus',
  names: ['CLUSTER_SECRET', 'METRICS_QUERY_URL', 'LOG_LEVEL', 'PORT'],
};
const settings = (keys: Record<string, string>) => settingsOf(new Map(Object.entries(keys)), where);

describe('settings in etcd', () => {
  it('are the keys below the prefix that the service has; its own folder wins over the shared one', () => {
    expect(
      settings({
        '/cloudtuner/LOG_LEVEL': 'warn',
        '/cloudtuner/metroculus/LOG_LEVEL': 'debug',
        '/cloudtuner/restapi/LOG_LEVEL': 'error',
        '/cloudtuner/NODE_OPTIONS': '--inspect',
        '/elsewhere/LOG_LEVEL': 'error',
      }),
    ).toEqual({ LOG_LEVEL: 'debug' });
  });

  it('are found under the names that installations have for them, unless ours are there', () => {
    const known = { '/secret/cluster': 'a-secret', '/thanos_query': 'http://thanos:10902' };
    expect(settings(known)).toEqual({ CLUSTER_SECRET: 'a-secret', METRICS_QUERY_URL: 'http://thanos:10902' });
    expect(settings({ ...known, '/cloudtuner/CLUSTER_SECRET': 'ours' }).CLUSTER_SECRET).toBe('ours');
  });

  it('have Thanos as a folder of host and port, too', () => {
    const host = { '/thanos_query/host': 'thanos' };
    expect(settings({ ...host, '/thanos_query/port': '10902' })).toEqual({ METRICS_QUERY_URL: 'http://thanos:10902' });
    expect(settings(host)).toEqual({});
  });

  it('say nothing of the ports of a process, and an empty one says nothing at all', () => {
    expect(settings({ '/cloudtuner/PORT': '1', '/cloudtuner/LOG_LEVEL': '' })).toEqual({});
  });

  it('fill what the environment leaves open; a value, a file of it, but no empty text wins over them', () => {
    const all = { A: '1', B: '2', C: '3', D: '4' };
    expect(openSettings(all, { A: 'own', B_FILE: '/run/secrets/b', C: '', C_FILE: '' })).toEqual({ C: '3', D: '4' });
  });

  it('differ by name where a value changed, came or went', () => {
    expect(changedNames({ A: '1', B: '2', C: '3' }, { A: '1', B: 'x', D: '4' })).toEqual(['B', 'C', 'D']);
  });
});
