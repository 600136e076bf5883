import { createLifecycle, createLogger } from './index';

const quiet = createLogger({ service: 'test', level: 'fatal' });

function recordingPart(name: string, events: string[], failsToStart = false) {
  return {
    name,
    start: () => {
      if (failsToStart) throw new Error(`${name} is broken`);
      events.push(`start ${name}`);
    },
    stop: () => {
      events.push(`stop ${name}`);
    },
  };
}

describe('createLifecycle', () => {
  it('stops in the reverse order of the start', async () => {
    const events: string[] = [];
    const lifecycle = createLifecycle(quiet);
    for (const name of ['store', 'queue', 'server']) lifecycle.add(recordingPart(name, events));

    await lifecycle.start();
    await lifecycle.stop();

    expect(events).toEqual(['start store', 'start queue', 'start server', 'stop server', 'stop queue', 'stop store']);
  });

  it('stops what had started when a later part fails to start', async () => {
    const events: string[] = [];
    const lifecycle = createLifecycle(quiet);
    lifecycle.add(recordingPart('store', events));
    lifecycle.add(recordingPart('server', events, true));

    await expect(lifecycle.start()).rejects.toThrow('server is broken');
    expect(events).toEqual(['start store', 'stop store']);
  });

  it('goes on stopping after a part that cannot stop', async () => {
    const events: string[] = [];
    const lifecycle = createLifecycle(quiet);
    lifecycle.add(recordingPart('store', events));
    lifecycle.add({
      name: 'stuck',
      stop: () => Promise.reject(new Error('stuck')),
    });

    await lifecycle.start();
    await lifecycle.stop();

    expect(events).toEqual(['start store', 'stop store']);
  });
});
