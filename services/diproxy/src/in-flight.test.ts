import { InFlight } from './in-flight';

describe('InFlight', () => {
  it('gives back exactly what a request held, once', () => {
    const inFlight = new InFlight({ maxRequests: 1, maxBytes: 10 });
    const first = inFlight.reserve();
    first.addBytes(6);
    first.enter();
    const second = inFlight.reserve();
    expect(() => {
      second.addBytes(5);
    }).toThrow(/as many bytes/);
    second.addBytes(4);
    expect(() => {
      second.enter();
    }).toThrow(/as many writes/);
    second.release();
    first.release();
    first.release();
    expect([inFlight.requests, inFlight.bytes]).toEqual([0, 0]);
  });
});
