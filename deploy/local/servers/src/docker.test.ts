import { containerArguments, containerListenHost, containerName } from './docker';

const base = {
  name: 'cloudtuner-redis-1',
  image: 'redis:7',
  dataDir: '/data',
  command: ['redis-server', '--port', '1'],
};

describe('the arguments of a container', () => {
  it('run in the foreground, are removed at the end, and publish their ports on 127.0.0.1 only', () => {
    const args = containerArguments({ ...base, network: { kind: 'published', ports: [6379, 6380] } });
    expect(args.slice(0, 4)).toEqual(['run', '--rm', '--name', 'cloudtuner-redis-1']);
    expect(args.join(' ')).toContain('-p 127.0.0.1:6379:6379 -p 127.0.0.1:6380:6380');
    expect(args.join(' ')).toContain('-v /data:/data');
    expect(args.slice(-4)).toEqual(['redis:7', 'redis-server', '--port', '1']);
  });

  it('share the network of another container or of the machine, without publishing a port', () => {
    const shared = containerArguments({ ...base, network: { kind: 'container', name: 'receive' } });
    expect(shared.join(' ')).toContain('--network container:receive');
    expect(shared).not.toContain('-p');
    expect(containerArguments({ ...base, network: { kind: 'host' } }).join(' ')).toContain('--network host');
  });

  it('listen on all addresses inside, but on 127.0.0.1 in the network of the machine', () => {
    expect(containerListenHost({ kind: 'published', ports: [] })).toBe('0.0.0.0');
    expect(containerListenHost({ kind: 'host' })).toBe('127.0.0.1');
  });

  it('have a name of their own each time', () => {
    expect(containerName('redis')).not.toBe(containerName('redis'));
  });
});
