import type { KnownProtocol } from './ports';
import { StoreProtocol, type StoreProtocolOptions } from './store-protocol';

/** A store whose answers to probes are given one by one; what is known is told as it changes. */
function setUp(setting: StoreProtocolOptions['setting'] = 'auto') {
  const told: KnownProtocol[] = [];
  const asked: ((answer: KnownProtocol | Error) => void)[] = [];
  let onAsked = (): void => undefined;
  const protocol = new StoreProtocol({
    setting,
    probe: () =>
      new Promise((resolve, reject) => {
        asked.push((answer) => {
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
        });
        onAsked();
      }),
    retryMs: 1,
    recheckMs: 1,
    onChange: (known) => told.push(known),
  });
  /** Answers the next probe, which may be under way already. */
  const answer = async (known: KnownProtocol | Error): Promise<void> => {
    if (asked.length === 0) {
      await new Promise<void>((resolve) => {
        onAsked = resolve;
      });
    }
    asked.shift()?.(known);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { protocol, told, asked, answer };
}

describe('StoreProtocol', () => {
  it('translates until the store has shown that it speaks 2.0', async () => {
    const { protocol, told, answer } = setUp();
    expect([protocol.current, protocol.writable]).toEqual(['unknown', '1']);
    protocol.start();
    await answer(new Error('away'));
    expect(protocol.writable).toBe('1');
    await answer('unknown');
    expect(protocol.writable).toBe('1');
    await answer('2');
    expect([protocol.current, protocol.writable]).toEqual(['2', '2']);
    protocol.stop();
    expect(told).toEqual(['unknown', '2']);
  });

  it('asks again from time to time: the store may have become another', async () => {
    const { protocol, told, answer } = setUp();
    protocol.start();
    await answer('1');
    await answer('2');
    await answer('1');
    protocol.stop();
    expect(told).toEqual(['unknown', '1', '2', '1']);
  });

  it('translates from a doubt on until it is cleared', async () => {
    const { protocol, answer } = setUp();
    protocol.start();
    await answer('2');
    protocol.doubt();
    expect([protocol.current, protocol.writable]).toEqual(['unknown', '1']);
    await answer('2');
    expect(protocol.writable).toBe('2');
    protocol.stop();
  });

  it.each(['1', '2'] as const)('keeps to a configured %s and asks nothing', (setting) => {
    const { protocol, told, asked } = setUp(setting);
    protocol.start();
    protocol.doubt();
    expect([protocol.writable, told, asked.length]).toEqual([setting, [setting], 0]);
    protocol.stop();
  });

  it('learns nothing more once it is stopped', async () => {
    const { protocol, told, answer } = setUp();
    protocol.start();
    protocol.stop();
    await answer('2');
    expect([protocol.writable, told]).toEqual(['1', ['unknown']]);
  });
});
